package everbroker.probe;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The files of a load. They outlive its process: one that follows it goes on beside them and overwrites none. */
final class LoadDirectory {
    private final Path directory;
    /** Held for as long as the process lives. */
    private final FileLock lock;
    /** Number of this process among those that ran here, from 1. */
    final int life;
    private int files;

    private LoadDirectory(Path directory, FileLock lock, int life) {
        this.directory = directory;
        this.lock = lock;
        this.life = life;
    }

    /** @return null when another process is at work there */
    static LoadDirectory open(Path directory) throws IOException {
        Files.createDirectories(directory);
        FileChannel channel =
                FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) return null;
        for (int life = 1; ; life++) {
            try {
                Files.createFile(directory.resolve("life-" + life));
                return new LoadDirectory(directory, lock, life);
            } catch (FileAlreadyExistsException taken) {
                // an earlier one's
            }
        }
    }

    boolean has(String name) {
        return lock.isValid() && Files.exists(directory.resolve(name));
    }

    Records create(String kind, String flow, int number) throws IOException {
        return Records.create(directory.resolve("records-" + life + "-" + files++ + ".txt"), kind, flow, number);
    }

    /** Readers see the old one or the new one, never half of one. */
    void writeStatus(Map<String, Object> status) throws IOException {
        Path made = directory.resolve("status.new");
        Files.write(made, (Report.json(status) + "\n").getBytes(StandardCharsets.US_ASCII));
        Files.move(made, directory.resolve("status"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Counts what earlier processes did; to be called before this one makes its own files. */
    void recall(Map<String, Tally> tallies) throws IOException {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "records-*.txt")) {
            for (Path file : found) {
                try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
                    recall(reader, tallies);
                }
            }
        }
    }

    private static void recall(BufferedReader reader, Map<String, Tally> tallies) throws IOException {
        String header = reader.readLine();
        Tally tally = header == null ? null : tallies.get(header.split(" ", 3)[1]);
        if (tally == null) return;
        Set<String> open = new HashSet<>();
        for (String line = reader.readLine(); line != null && line.endsWith("."); line = reader.readLine()) {
            String[] words = line.split(" ");
            char kind = words[0].charAt(0);
            if (kind == 's') {
                tally.sent();
                open.add(words[1]);
            } else if (kind == 'd') {
                tally.delivered(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            } else if (kind != 'x') {
                tally.ended(kind);
                open.remove(words[1]);
            }
        }
        for (int left = open.size(); left > 0; left--) tally.ended('u');
    }
}
