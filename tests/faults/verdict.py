"""What came of a schedule."""

from dataclasses import dataclass, field

from .ledger import Ledger


@dataclass
class Verdict:
    """`violations` is empty where all promises were kept."""

    seed: int
    story: str
    ledger: Ledger
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        made, acknowledged = len(self.ledger.begun), len(self.ledger.acknowledged)
        rejected = len(self.ledger.rejected)
        counts = f"{made} events, {acknowledged} acknowledged, {rejected} rejected"
        verdict = "ok" if not self.violations else f"VIOLATED ({len(self.violations)})"
        return f"seed {self.seed}: {verdict}: {counts} [{self.story}]"
