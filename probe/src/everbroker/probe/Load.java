package everbroker.probe;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Producers and consumers of a drill, in a directory of its own: `Load DIRECTORY`, with the request on standard input as the
 * probe's. Files steer it: `stop-producers` ends the producers, `stop` everything; `status` tells how it goes, twice a second.
 * It ends by itself at its deadline.
 *
 * <p>Exit codes: 0 it was stopped or its time is over; 2 the request is wrong; 4 another process is at work in the directory;
 * 5 records cannot be written.
 */
public final class Load {
    private static final int BAD_REQUEST = 2;
    private static final int TAKEN = 4;
    private static final int NO_RECORDS = 5;
    private static final int LOOK_MS = 50;
    private static final int STATUS_MS = 500;
    /** How long the last answer is waited for when everything is to end. */
    private static final int GRACE_MS = 5_000;
    /** Producers are numbered by the process and their place in it: no number is ever used again. */
    private static final int MOST_A_FLOW = 100;

    private final LoadDirectory directory;
    private final Clock deadline;
    private final Map<String, Tally> tallies = new LinkedHashMap<>();
    private final Errors errors = new Errors();
    private final Crew producers = new Crew(GRACE_MS);
    private final Crew consumers = new Crew(GRACE_MS);

    private Load(LoadDirectory directory, List<Task> flows) throws IOException {
        this.directory = directory;
        this.deadline = Clock.in(flows.get(0).number("deadlineMs", 60_000, 1, 86_400_000));
        for (Task flow : flows) tallies.put(flow.name(), new Tally(flow.name()));
        directory.recall(tallies);
    }

    public static void main(String[] args) throws IOException {
        List<Task> flows;
        try {
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            flows = Request.parse(input, Collections.singleton("flow"));
        } catch (BadRequest problem) {
            System.err.println("everbroker-load: " + problem.getMessage());
            System.exit(BAD_REQUEST);
            return;
        }
        LoadDirectory directory = LoadDirectory.open(Paths.get(args[0]));
        if (directory == null) System.exit(TAKEN);
        // what cannot be recorded must not happen
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> {
            problem.printStackTrace();
            Runtime.getRuntime().halt(NO_RECORDS);
        });
        Load load = new Load(directory, flows);
        load.start(flows);
        load.watch();
        Runtime.getRuntime().halt(0);
    }

    private void start(List<Task> flows) throws IOException {
        boolean producing = !directory.has("stop-producers");
        for (Task flow : flows) {
            int count = flow.to().isEmpty() ? 0 : flow.number("consumers", 1, 1, MOST_A_FLOW - 1);
            for (int index = 1; index <= count; index++)
                consumers.add(flow.name() + " consumer", new LoadConsumer(flow, parts("consumer", flow, index, consumers)));
        }
        for (Task flow : flows) {
            int count = flow.from().isEmpty() || !producing ? 0 : flow.number("producers", 1, 1, MOST_A_FLOW - 1);
            for (int index = 1; index <= count; index++)
                producers.add(flow.name() + " producer",
                        new LoadProducer(flow, parts("producer", flow, index, producers), numberOf(index)));
        }
        consumers.start();
        producers.start();
    }

    private Lasting.Parts parts(String kind, Task flow, int index, Crew crew) throws IOException {
        BooleanSupplier wanted = crew::isWanted;
        Records records = directory.create(kind, flow.name(), numberOf(index));
        return new Lasting.Parts(tallies.get(flow.name()), records, errors, wanted);
    }

    private int numberOf(int index) {
        return directory.life * MOST_A_FLOW + index;
    }

    private void watch() throws IOException {
        Clock nextStatus = Clock.in(0);
        while (!directory.has("stop") && !deadline.isOver()) {
            if (directory.has("stop-producers")) producers.stop();
            producers.cutLate();
            if (nextStatus.isOver()) {
                nextStatus = Clock.in(STATUS_MS);
                tell("running");
            }
            Clock.sleep(LOOK_MS);
        }
        producers.stop();
        consumers.stop();
        while (producers.isAtWork() || consumers.isAtWork()) {
            if (producers.isHopeless() || consumers.isHopeless()) break;
            producers.cutLate();
            consumers.cutLate();
            Clock.sleep(LOOK_MS);
        }
        tell("ended");
    }

    private void tell(String state) throws IOException {
        List<Object> flows = new ArrayList<>();
        for (Tally tally : tallies.values()) flows.add(tally.describe());
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("state", state);
        status.put("life", directory.life);
        status.put("at", System.currentTimeMillis());
        status.put("producers", producers.atWork());
        status.put("consumers", consumers.atWork());
        status.put("flows", flows);
        status.put("errors", errors.list());
        directory.writeStatus(status);
    }
}
