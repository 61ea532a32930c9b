/** Histories as files that people can read. The SDK's own historyToJSON fails where two copies of protobufjs are installed. */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';

const { History: Message } = proto.temporal.api.history.v1;

/** Names of machines and files in it are replaced: a stack trace and a client's identity, which nothing replays. */
export function historyText(history: History): string {
  const plain = Message.toObject(Message.fromObject(history), { longs: String, enums: String, bytes: String });
  const neutral = (key: string, value: unknown): unknown =>
    key === 'stackTrace' ? '' : key === 'identity' && String(value).includes('@') ? 'client' : value;
  return `${JSON.stringify(plain, neutral, 1)}\n`;
}

export const parseHistory = (text: string): History => Message.fromObject(JSON.parse(text) as Record<string, unknown>);
