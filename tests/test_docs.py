"""The documents say what the code does."""

import json
import re
from pathlib import Path

import pytest
from traitlets.config import Config, Configurable

from jupyter_cell_monitor_server.extension.app import CellMonitorExtension
from jupyter_cell_monitor_server.hub import configure_hub
from jupyter_cell_monitor_server.service.app import CellMonitorService

ROOT = Path(__file__).parent.parent
ADMINS = (ROOT / "docs" / "admins.md").read_text(encoding="utf-8")


def settings_table(configurable: type[Configurable]) -> str:
    """The table of the traits that are ours, as the admins' page shows it."""
    own = {
        name
        for one in configurable.mro()
        if one.__module__.startswith("jupyter_cell_monitor_server")
        for name in vars(one)
    }
    rows = [
        f"| `{configurable.__name__}.{name}` | {trait.help} |"
        for name, trait in sorted(configurable.class_traits(config=True).items())
        if name in own
    ]
    return "\n".join(["| setting | meaning |", "| --- | --- |", *rows])


@pytest.mark.parametrize("configurable", [CellMonitorService, CellMonitorExtension])
def test_every_setting_stands_in_the_admins_page(configurable: type[Configurable]) -> None:
    section = f"<!-- settings of {configurable.__name__} -->\n{settings_table(configurable)}\n"
    assert section in ADMINS


def test_every_setting_of_the_lab_stands_there_with_its_default() -> None:
    schema = json.loads((ROOT / "labextension/schema/plugin.json").read_text(encoding="utf-8"))
    for name, setting in schema["properties"].items():
        assert re.search(rf"\| `{name}` \|.*Default: {setting['default']}\b", ADMINS), name


def test_the_plain_configuration_is_what_configure_hub_makes() -> None:
    written = re.search(r"<!-- plain -->\n```python\n(.*?)```", ADMINS, re.DOTALL)
    assert written is not None
    plain, made = Config(), Config()
    exec(written[1], {"c": plain})
    made.JupyterHub.services = [
        {
            "name": "cell-monitor",
            "api_token": "a long random text",
            "url": "http://cell-monitor:10101",
        }
    ]
    configure_hub(made)
    made.JupyterHub.services[0].pop("environment")
    assert plain.JupyterHub.custom_scopes == made.JupyterHub.custom_scopes
    assert plain.JupyterHub.services == made.JupyterHub.services
    assert plain.Spawner.environment == made.Spawner.environment
    by_name = {role["name"]: role for role in made.JupyterHub.load_roles}
    assert {role["name"]: role for role in plain.JupyterHub.load_roles} == by_name


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert pages
    assert not broken
