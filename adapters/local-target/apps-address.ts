/**
 * Where applications are reached from this machine: an address of the loopback that is theirs alone. A browser sends what
 * it keeps for a host to every port of it: at the address that people use for the platform, an application would be handed
 * the session of everybody who opens it, and could set cookies for the platform. Linux has all of 127.0.0.0/8.
 */
export const appsAddress = '127.0.0.2';
