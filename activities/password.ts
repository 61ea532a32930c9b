import { randomBytes } from 'node:crypto';

/**
 * 144 bits in letters and digits alone, which no property file, XML, URL or shell has to escape. ActiveMQ's own command
 * line takes a password that begins with a hyphen for an option, and logs in without one.
 */
export const newPassword = (): string => randomBytes(18).toString('hex');
