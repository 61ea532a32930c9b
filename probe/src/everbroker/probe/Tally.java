package everbroker.probe;

import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** How a flow stands, for those who watch it; the ledger is made of the records. */
final class Tally {
    final String flow;
    private long sent;
    private long acknowledged;
    private long failed;
    private long unknown;
    private long delivered;
    private final Map<Integer, BitSet> seen = new HashMap<>();

    Tally(String flow) {
        this.flow = flow;
    }

    synchronized void sent() {
        sent++;
    }

    /** @param outcome as it is recorded */
    synchronized void ended(char outcome) {
        if (outcome == 'a') acknowledged++;
        else if (outcome == 'f') failed++;
        else unknown++;
    }

    synchronized void delivered(int producer, int seq) {
        BitSet numbers = seen.computeIfAbsent(producer, key -> new BitSet());
        if (!numbers.get(seq)) delivered++;
        numbers.set(seq);
    }

    synchronized Map<String, Object> describe() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("flow", flow);
        fields.put("sent", sent);
        fields.put("acknowledged", acknowledged);
        fields.put("failed", failed);
        fields.put("unknown", unknown);
        fields.put("delivered", delivered);
        return fields;
    }
}
