/** The extension's icon: a cell and its pulse. */

import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24" fill="none">
  <g class="jp-icon3" stroke="#616161" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
    <rect x="3" y="4" width="18" height="16" rx="2.5"/>
    <path d="M6 12.5h3l2-4 2.5 7 2-3H18"/>
  </g>
</svg>`;

export const cellMonitorIcon = new LabIcon({ name: 'cell-monitor:icon', svgstr: SVG });
