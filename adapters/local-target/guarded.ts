/**
 * What listens to a connection of strangers, within the process that holds everybody's runs: whatever goes wrong in it is
 * paid for by that connection alone.
 */
export function guarded<A extends unknown[]>(
  connection: { destroy(): unknown },
  listen: (...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      listen(...args);
    } catch {
      connection.destroy();
    }
  };
}
