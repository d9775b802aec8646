import type { Server, Socket } from 'node:net';

/** The address of one network at which we answer its step. */
export interface NetworkService {
  /** `http://<host>`, as the step sees it */
  readonly address: string;
  /** From now on connections of the step are passed on. */
  begin(connect: (connection: Socket) => void): void;
  /** Those that are open are closed, and new ones refused. */
  end(): void;
  close(): void;
}

const mostConnections = 32;

/** Serves nobody yet. Between two steps whoever connects is sent away at once. */
export function serveSteps(listener: Server, address: string): NetworkService {
  const open = new Set<Socket>();
  let handOn: ((connection: Socket) => void) | null = null;
  listener.maxConnections = mostConnections;
  listener.on('error', () => undefined);
  listener.on('connection', (socket) => {
    socket.on('error', () => undefined);
    if (handOn === null) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    handOn(socket);
  });
  const end = (): void => {
    handOn = null;
    for (const socket of open) socket.destroy();
  };
  return {
    address,
    begin: (connect) => {
      handOn = connect;
    },
    end,
    close: () => {
      end();
      listener.close();
    },
  };
}
