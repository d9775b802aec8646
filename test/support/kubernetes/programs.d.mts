export const version: string;
export const binaryFolder: string;
export const binaries: readonly string[];
export function findProgram(name: string): string | null;
export function missingPrograms(): string[];
export function whyNoCluster(): string | null;
export function whyNoPlayedCluster(): string | null;
