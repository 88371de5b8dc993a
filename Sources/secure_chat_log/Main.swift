import LogCommands
import Places

@main
enum Main {
  static func main() {
    // Before anything else: from here on no key can leave by a dump or a backtrace.
    ProcessHardening.apply()
    LogProgram.main()
  }
}
