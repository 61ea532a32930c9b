package everbroker.probe;

import java.util.Map;
import java.util.Set;

/** One task of a request. */
final class Task {
    /** The probe's broker user is allowed nothing else, and no one's own queue can be drained by mistake. */
    private static final String QUEUE_PREFIX = "EVERBROKER.";

    private final Map<String, String> values;

    Task(Map<String, String> values) {
        this.values = values;
    }

    void check(Set<String> kinds) throws BadRequest {
        if (!kinds.contains(kind())) throw new BadRequest("unknown task " + kind());
        if (name().isEmpty()) throw new BadRequest("a task has no name");
        if (kind().equals("tls")) {
            require("listeners");
            require("ca");
            return;
        }
        // a flow may have its other end on another host
        boolean isFlow = kind().equals("flow");
        if (isFlow && from().isEmpty() && to().isEmpty()) throw new BadRequest(name() + ": it has no end here");
        boolean receives = kind().equals("route") || kind().equals("drain");
        boolean sends = !kind().equals("drain") && !isFlow;
        if (sends) require("from");
        if (receives) require("to");
        if (kind().equals("login")) return;
        require("run");
        require(kind().equals("sweep") ? "queues" : "queue");
        for (String queue : queues()) {
            if (!queue.startsWith(QUEUE_PREFIX) || queue.contains(">") || queue.contains("*") || queue.contains("?"))
                throw new BadRequest(name() + ": the queue must be one queue below " + QUEUE_PREFIX);
        }
        if (kind().equals("sweep")) return;
        boolean counts = kind().equals("route") || kind().equals("produce");
        if (counts && !values.containsKey("count")) throw new BadRequest(name() + ": count is missing");
        for (String key : new String[] {"count", "size", "timeoutMs", "idleMs", "lingerMs", "deleteMs", "deadlineMs", "producers", "consumers", "transaction"}) {
            if (values.containsKey(key) && !values.get(key).matches("[0-9]{1,8}"))
                throw new BadRequest(name() + ": " + key + " is not a number");
        }
        if (isFlow && !text("perSecond", "1").matches("[0-9]{1,5}([.][0-9]{1,9})?"))
            throw new BadRequest(name() + ": perSecond is not a number");
    }

    private void require(String key) throws BadRequest {
        if (text(key, "").isEmpty()) throw new BadRequest(name() + ": " + key + " is missing");
    }

    String kind() { return text("task", ""); }

    String name() { return text("name", ""); }

    String queue() { return text("queue", ""); }

    /** Commas join destinations into one, so each is a queue of its own. */
    String[] queues() { return (kind().equals("sweep") ? text("queues", "") : queue()).split(",", -1); }

    /** Other brokers on the way, by URL. */
    String[] via() {
        String urls = text("via", "");
        return urls.isEmpty() ? new String[0] : urls.split(" ");
    }

    String run() { return text("run", ""); }

    String from() { return text("from", ""); }

    String to() { return text("to", ""); }

    int count() { return number("count", 1, 1, 10_000_000); }

    int size() { return number("size", 100, 0, 50_000_000); }

    double perSecond() { return Math.max(1e-3, Double.parseDouble(text("perSecond", "1"))); }

    int timeoutMs() { return number("timeoutMs", 15_000, 1, 86_400_000); }

    String text(String key, String otherwise) {
        return values.getOrDefault(key, otherwise);
    }

    boolean flag(String key) {
        return "true".equals(values.get(key));
    }

    int number(String key, int otherwise, int least, int most) {
        String value = values.get(key);
        if (value == null) return otherwise;
        return Math.max(least, Math.min(most, Integer.parseInt(value)));
    }
}
