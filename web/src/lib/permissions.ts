/** True when one of the held patterns (`project:read`, `*:read`, `users:*`, `*:*`) covers `wanted`. */
export function holds(patterns: readonly string[], wanted: string): boolean {
  const [resource, action] = wanted.split(':');
  return patterns.some((pattern) => {
    const [ofResource, ofAction] = pattern.split(':');
    return (
      (ofResource === '*' || ofResource === resource) && (ofAction === '*' || ofAction === action)
    );
  });
}
