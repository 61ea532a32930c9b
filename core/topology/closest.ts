/** The known word nearest to a mistyped one. */

/** A longer word than any key or name of a topology is no typing error, and costs time to compare. */
const LONGEST = 60;

/** @returns The nearest of `known`, or undefined when none is near enough to be what was meant. */
export function closest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const enough = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= enough && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

export function didYouMean(word: string, known: Iterable<string>): { suggestion: string } | Record<string, never> {
  const near = closest(word, known);
  return near === undefined ? {} : { suggestion: `did you mean ${near}?` };
}

/** Levenshtein's distance with neighbours swapped counting one, as fingers do it. */
function editDistance(a: string, b: string): number {
  let twoUp: number[] = [];
  let up = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min(at(up, column) + 1, at(current, column - 1) + 1, at(up, column - 1) + cost);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) distance = Math.min(distance, at(twoUp, column - 2) + 1);
      current.push(distance);
    }
    twoUp = up;
    up = current;
  }
  return at(up, b.length);
}

const at = (row: number[], column: number): number => row[column] ?? Infinity;
