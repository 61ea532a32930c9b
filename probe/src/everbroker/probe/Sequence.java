package everbroker.probe;

import java.util.BitSet;

/** Sets of sequence numbers as text: `0-99,101`. */
final class Sequence {
    /** Ranges in one text; a longer list ends with an ellipsis. */
    private static final int MOST_RANGES = 200;

    private Sequence() {}

    static String ranges(BitSet set) {
        return ranges(set, MOST_RANGES);
    }

    static String allRanges(BitSet set) {
        return ranges(set, Integer.MAX_VALUE);
    }

    private static String ranges(BitSet set, int most) {
        StringBuilder text = new StringBuilder();
        int ranges = 0;
        for (int first = set.nextSetBit(0); first >= 0; ) {
            int last = set.nextClearBit(first) - 1;
            if (text.length() > 0) text.append(',');
            if (++ranges > most) return text.append("...").toString();
            text.append(first);
            if (last > first) text.append('-').append(last);
            first = set.nextSetBit(last + 1);
        }
        return text.toString();
    }

    static BitSet without(BitSet set, BitSet other) {
        BitSet rest = (BitSet) set.clone();
        rest.andNot(other);
        return rest;
    }

    static BitSet both(BitSet set, BitSet other) {
        BitSet common = (BitSet) set.clone();
        common.and(other);
        return common;
    }
}
