/** Asks an address by two clients, over and over, until it is told to stop; what was answered, and what failed. */
export function keepAsking(address: string): {
  stop(): Promise<{ seen: Set<string>; failures: string[] }>;
} {
  const seen = new Set<string>();
  const failures: string[] = [];
  let going = true;
  const one = async (): Promise<void> => {
    for (let count = 0; going && count < 50_000; count += 1) {
      try {
        const response = await fetch(address);
        const text = await response.text();
        if (response.ok) seen.add(text);
        else failures.push(`${String(response.status)} ${text}`);
      } catch (error) {
        failures.push(String(error instanceof Error ? error.cause : error));
      }
    }
  };
  const running = Promise.all([one(), one()]);
  return {
    stop: async () => {
      going = false;
      await running;
      return { seen, failures };
    },
  };
}
