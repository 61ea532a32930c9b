/** Sizes of each broker. */
import { z } from 'zod';

const heap = z.strictObject({
  initialMb: z.int().min(32).max(65536).default(64).meta({ description: '-Xms, MiB.' }),
  maxMb: z.int().min(64).max(65536).default(256).meta({ description: '-Xmx, MiB.' }),
});

export const limits = z.strictObject({
  heap: heap.prefault({}).meta({ description: "Each node's JVM heap, MiB." }),
  memoryPercent: z
    .int()
    .min(10)
    .max(90)
    .default(70)
    .meta({ description: 'memoryUsage as a share of the heap, percent.' }),
  storeMb: z.int().min(64).default(10240).meta({
    description: 'storeUsage of a group, MiB; below what the file system of its store holds, or that runs full first.',
  }),
  tempMb: z.int().min(64).default(1024).meta({ description: 'tempUsage of a node, MiB.' }),
  maximumConnections: z
    .int()
    .min(1)
    .max(100000)
    .default(1000)
    .meta({ description: 'Connections that a node accepts on its openwire connector.' }),
  maxFrameSizeBytes: z
    .int()
    .min(65536)
    .max(1073741824)
    .default(104857600)
    .meta({ description: 'Largest openwire frame, bytes; the largest message is a little less.' }),
});
