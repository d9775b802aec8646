/**
 * Makes the home, and takes away what other users may do in it: they pass through, list nothing and read nothing.
 * @param elsewhere places of ours that are configured to lie outside of it
 * @returns for people: the places that stay open, and why
 */
export function hardenHome(home: string, elsewhere?: readonly string[]): Promise<string[]>;
