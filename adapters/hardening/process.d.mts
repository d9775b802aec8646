/**
 * The first thing each of our processes does: files that it makes are for its own user alone, and what whoever started
 * it left open reaches none of its children.
 */
export function hardenProcess(): void;
