import Commands
import Places

@main
enum Main {
  static func main() async {
    // Before anything else: from here on no key can leave by a dump or a backtrace.
    ProcessHardening.apply()
    await Program.main()
  }
}
