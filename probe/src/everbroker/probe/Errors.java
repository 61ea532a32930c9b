package everbroker.probe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Errors of a task, counted by where they came up and by class. */
final class Errors {
    private static final int LONGEST_MESSAGE = 300;

    private final Map<String, Map<String, Object>> byKind = new LinkedHashMap<>();

    synchronized void add(String where, Throwable problem) {
        Map<String, Object> entry = byKind.computeIfAbsent(where + " " + problem.getClass().getName(), key -> {
            Map<String, Object> made = new LinkedHashMap<>();
            made.put("where", where);
            made.put("class", problem.getClass().getName());
            made.put("message", shortened(tell(problem)));
            made.put("count", 0L);
            return made;
        });
        entry.put("count", (Long) entry.get("count") + 1);
    }

    synchronized boolean isEmpty() {
        return byKind.isEmpty();
    }

    synchronized List<Object> list() {
        return new ArrayList<>(byKind.values());
    }

    /** The message, and what lies at its root: failover: reports only that it was disposed of. */
    private static String tell(Throwable problem) {
        Throwable root = problem;
        for (int depth = 0; root.getCause() != null && depth < 20; depth++) root = root.getCause();
        String message = String.valueOf(problem.getMessage());
        if (root == problem || message.equals(root.getMessage())) return message;
        return message + " (" + root.getClass().getName() + ": " + root.getMessage() + ")";
    }

    private static String shortened(String message) {
        return message.length() <= LONGEST_MESSAGE ? message : message.substring(0, LONGEST_MESSAGE);
    }
}
