// TAP, and before its closing count once more what failed and why: in a log of thousands of tests the count is what one
// looks at, and the reasons stand far above it, where a CI system that keeps the end of a log has cut them off.
import { tap } from 'node:test/reporters';

const MAX_LINES = 12;
const CANCELLED = 'test did not finish before its parent and was cancelled';

/** @param {AsyncIterable<{ type: string, data: any }>} source The test runner's events. */
export default async function* tapWithFailures(source) {
  const failures = [];
  let told = false;
  async function* watched() {
    for await (const event of source) {
      if (event.type === 'test:fail') note(event.data);
      yield event;
    }
  }
  // A test that fails because its suite did says nothing of its own.
  const note = ({ name, file, details }) => {
    const error = details?.error;
    if (error?.failureType === 'subtestsFailed' || error?.message === CANCELLED) return;
    failures.push({ name, file, text: inspected(error?.cause ?? error) });
  };
  for await (const line of tap(watched())) {
    if (!told && /^# tests \d+/.test(line)) {
      told = true;
      yield* summary(failures);
    }
    yield line;
  }
}

const inspected = (error) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

function* summary(failures) {
  if (failures.length === 0) return;
  yield `# failed: ${failures.length}\n`;
  for (const { name, file, text } of failures) {
    yield `#\n# ✖ ${name}${file ? ` (${file})` : ''}\n`;
    for (const line of text.split('\n').slice(0, MAX_LINES)) yield `#   ${line}\n`;
  }
  yield '#\n';
}
