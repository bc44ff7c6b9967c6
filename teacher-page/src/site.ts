/** Where the page is served, as the service wrote it into `index.html`. */

export interface Site {
  prefix: string;
  hub_prefix: string;
}

export function readSite(page: Document): Site {
  return {
    prefix: meta(page, 'cell-monitor-prefix'),
    hub_prefix: meta(page, 'cell-monitor-hub-prefix')
  };
}

function meta(page: Document, name: string): string {
  const content = page.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content;
  if (!content?.startsWith('/')) {
    throw new Error(`The page lacks its ${name}.`);
  }
  return content;
}

/** The address of the WebSocket beside the API. */
export function socketAddress(site: Site, location: Location): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}${site.prefix}api/v1/ws`;
}
