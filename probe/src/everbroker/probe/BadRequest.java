package everbroker.probe;

/** A request that is not carried out. Its message names keys and never a password. */
final class BadRequest extends Exception {
    private static final long serialVersionUID = 1L;

    BadRequest(String message) {
        super(message);
    }
}
