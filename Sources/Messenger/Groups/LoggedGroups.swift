import Places
package import Wire

extension HomeFolders {
  /// The groups whose logs a user keeps, by their folders' names, in their order.
  ///
  /// For completion in a shell, which has no passphrase to open the profile with: a log's folder is named for
  /// a contact or for a group (LOG 1), and contacts are known by their files.
  package func loggedGroupNames(of me: PeerName) -> [GroupName] {
    let contacts = profile(me).contacts
    let entries = (try? Folder.entries(logs.folder(of: me.text))) ?? []
    return entries.filter { $0.kind == .folder }.compactMap { entry in
      guard let dash = entry.name.lastIndex(of: "-"),
        let text = PathName.decoded(String(entry.name[..<dash])),
        let name = try? GroupName(text), !FileStatus.exists(contacts + "/" + PathName.encoded(text))
      else { return nil }
      return name
    }
  }
}
