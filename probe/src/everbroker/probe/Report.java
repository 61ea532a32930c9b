package everbroker.probe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a task found; written as one JSON line. */
final class Report {
    private final Map<String, Object> fields = new LinkedHashMap<>();

    Report(String outcome) {
        fields.put("outcome", outcome);
    }

    Report put(String key, Object value) {
        fields.put(key, value);
        return this;
    }

    /** "complete" for messages, "ok" for logins. */
    boolean isWell() {
        Object outcome = fields.get("outcome");
        return "complete".equals(outcome) || "ok".equals(outcome);
    }

    Map<String, Object> fields() {
        return fields;
    }

    static String json(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return out.toString();
    }

    private static void write(StringBuilder out, Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Map) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(separator);
                quote(out, String.valueOf(entry.getKey()));
                out.append(':');
                write(out, entry.getValue());
                separator = ",";
            }
            out.append(separator.equals("{") ? "{}" : "}");
        } else if (value instanceof List) {
            String separator = "[";
            for (Object item : (List<?>) value) {
                out.append(separator);
                write(out, item);
                separator = ",";
            }
            out.append(separator.equals("[") ? "[]" : "]");
        } else {
            quote(out, value.toString());
        }
    }

    /** Everything beyond printable ASCII is escaped: then the output is the same in every locale of a host. */
    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        out.append('"');
    }
}
