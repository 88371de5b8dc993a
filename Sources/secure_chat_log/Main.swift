@main
enum Main {
  static func main() async {
    print("secure_chat_log")
  }
}
