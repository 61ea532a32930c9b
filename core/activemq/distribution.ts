/** What Everbroker needs to know of an ActiveMQ distribution, read once from its archive when that enters the cache. */
export interface Distribution {
  version: string;
  /** SHA-512 of the archive, hexadecimal. */
  sha512: string;
  /** Jars on the class path of a node, relative to the home, sorted: lib/*.jar, lib/optional/*.jar, lib/web/*.jar … */
  jars: string[];
  /** Text of the shipped files that are kept with changes, by path relative to the home, e.g. conf/jetty.xml. */
  shipped: Record<string, string>;
}
