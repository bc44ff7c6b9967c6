/** A connection to a kernel in place of one that is gone. */

import {
  type Kernel,
  KernelAPI,
  KernelConnection,
  type ServerConnection
} from '@jupyterlab/services';

// JupyterLab gives a connection up after about two minutes, and leaves the rest to the person.
const AGAIN_MS = 30_000;

/** Connects to a kernel as the client `clientId`. */
export type Listen = (kernelId: string, clientId: string) => Kernel.IKernelConnection;

/**
 * Listen as a client that is gone: the server sends what the kernel said to it meanwhile.
 *
 * The connection becomes `dead` as soon as the server does not know the kernel any more.
 */
export function listenAs(settings: ServerConnection.ISettings): Listen {
  const serverSettings = { ...settings, WebSocket: withoutProtocols(settings.WebSocket) };
  return (kernelId, clientId) => {
    const model = { id: kernelId, name: '' };
    const kernel = new KernelConnection({ model, clientId, handleComms: false, serverSettings });
    let timer: ReturnType<typeof setTimeout> | undefined;
    kernel.connectionStatusChanged.connect((_, status) => {
      clearTimeout(timer);
      if (status === 'disconnected') {
        timer = setTimeout(() => void kernel.reconnect().catch(() => undefined), AGAIN_MS);
      }
      if (status !== 'connected') {
        void shutDownIfGone(kernel, settings);
      }
    });
    kernel.disposed.connect(() => clearTimeout(timer));
    void shutDownIfGone(kernel, settings);
    return kernel;
  };
}

async function shutDownIfGone(
  kernel: KernelConnection,
  settings: ServerConnection.ISettings
): Promise<void> {
  try {
    const model = await KernelAPI.getKernelModel(kernel.id, settings);
    if (model === undefined && !kernel.isDisposed) {
      kernel.handleShutdown();
    }
  } catch {
    // The server does not answer: the connection tries again.
  }
}

/**
 * Sockets that offer no protocol. Where a proxy loses the answer to the offer, the browser gives
 * the socket up, and with it what the server had kept.
 */
function withoutProtocols(Socket: typeof WebSocket): typeof WebSocket {
  return new Proxy(Socket, { construct: (target, [url]) => new target(url as string) });
}
