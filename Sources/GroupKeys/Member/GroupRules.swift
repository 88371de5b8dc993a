package import Wire

/// Rules that every member judges alike, from the commits alone.
enum GroupRules {
  /// A name that holds ": " could pass as another's in a log's line "NAME: text".
  static func check(memberName name: PeerName) throws(GroupError) {
    guard !zip(name.utf8, name.utf8.dropFirst()).contains(where: { $0 == 0x3a && $1 == 0x20 }),
      name.utf8.last != 0x3a
    else { throw .member(.certificateName) }
  }
}

/// A member as its certificate proves it.
package struct GroupPerson: Hashable, Sendable {
  package let leaf: LeafIndex
  /// The leaf's Ed25519 key; a member who comes again has another.
  package let leafKey: [UInt8]
  package let profile: Profile
  /// `Profile.groupID`.
  let id: [UInt8]

  package var name: PeerName { profile.name }

  init(leaf: LeafIndex, leafKey: [UInt8], profile: Profile) {
    self.leaf = leaf
    self.leafKey = leafKey
    self.profile = profile
    id = profile.groupID
  }
}

/// Who is in an epoch of the group: one member a name and a key.
struct Roster: Sendable {
  private(set) var people: [LeafIndex: GroupPerson] = [:]
  private(set) var leaves: [PeerName: LeafIndex] = [:]
  /// By ik_sig: one leaf a user.
  private var keys: Set<[UInt8]> = []
  private var leafKeys: [[UInt8]: LeafIndex] = [:]
  /// The lowest leaf that is taken.
  private(set) var lowest: LeafIndex?

  /// The members of a tree whose every leaf's certificate is checked: O(n) signatures.
  init(of tree: RatchetTree) throws(GroupError) {
    for (index, leaf) in tree.members { try add(leaf, at: index, now: nil) }
    findLowest()
  }

  subscript(leaf: LeafIndex) -> GroupPerson? { people[leaf] }
  subscript(name: PeerName) -> GroupPerson? { leaves[name].flatMap { people[$0] } }
  func person(leafKey key: [UInt8]) -> GroupPerson? { leafKeys[key].flatMap { people[$0] } }
  var count: Int { people.count }

  /// This roster after a commit; only what the commit changes is looked at.
  func after(
    _ commit: StagedCommit, tree: RatchetTree, now: GroupTime?
  ) throws(GroupError) -> Roster {
    var next = self
    for leaf in commit.removed { next.remove(leaf) }
    for leaf in commit.added {
      guard let node = tree.leaf(leaf) else { throw .member(.proposalNotAllowed) }
      try next.add(node, at: leaf, now: now)
    }
    next.findLowest()
    return next
  }

  /// What `after` would refuse, for somebody who is to be added.
  func require(roomFor profile: Profile) throws(GroupError) {
    guard leaves[profile.name] == nil else { throw .member(.nameTaken) }
    guard !keys.contains(profile.ikSig) else { throw .member(.keyTaken) }
  }

  private mutating func add(_ leaf: LeafNode, at index: LeafIndex, now: GroupTime?) throws(GroupError) {
    let profile = try leaf.certificate().verified(leafKey: leaf.signatureKey, now: now)
    try require(roomFor: profile)
    people[index] = GroupPerson(leaf: index, leafKey: leaf.signatureKey, profile: profile)
    leaves[profile.name] = index
    keys.insert(profile.ikSig)
    leafKeys[leaf.signatureKey] = index
  }

  private mutating func remove(_ leaf: LeafIndex) {
    guard let person = people.removeValue(forKey: leaf) else { return }
    leaves[person.name] = nil
    keys.remove(person.profile.ikSig)
    leafKeys[person.leafKey] = nil
  }

  private mutating func findLowest() { lowest = people.keys.min() }

  /// Whether the member at this leaf may remove others: an admin, or the lowest leaf where no admin is left.
  func isAdmin(_ leaf: LeafIndex, in description: GroupDescription) -> Bool {
    guard let person = people[leaf] else { return false }
    let admins = Set(description.admins)
    if admins.contains(person.id) { return true }
    return leaf == lowest && !people.values.contains { admins.contains($0.id) }
  }
}

extension StagedCommit {
  /// Holds a commit against the rules of docs/GROUPS.md, and gives what it leads to.
  func judged(
    from group: Group, _ roster: Roster, _ description: GroupDescription, now: GroupTime?
  ) throws(GroupError) -> (roster: Roster, description: GroupDescription) {
    guard case .member(let author) = committer else { throw .member(.proposalNotAllowed) }
    guard added.count <= GroupMemberLimits.addsOfACommit else { throw .member(.tooManyAdds) }
    let isAdmin = roster.isAdmin(author, in: description)
    for sent in proposals {
      switch sent.proposal {
      case .add:
        guard isAdmin || description.everybodyAdds else { throw .member(.addNotAllowed) }
        guard sent.reference == nil else { throw .member(.proposalNotAllowed) }
      case .remove(let leaf):
        guard sent.sender == .member(leaf) || (isAdmin && sent.reference == nil) else {
          throw .member(.removeNotAllowed)
        }
      case .groupContextExtensions:
        guard isAdmin, sent.reference == nil else { throw .member(.descriptionChangeNotAllowed) }
      case .update, .preSharedKey, .reInit, .externalInit: throw .member(.proposalNotAllowed)
      }
    }
    guard let next else { return (roster, description) }
    // Who commits renews its keys and stays who it is.
    guard let before = group.epoch.tree.leaf(author), let after = next.tree.leaf(author),
      before.credential == after.credential, before.signatureKey == after.signatureKey
    else { throw .member(.credentialChanged) }
    let changed = try GroupDescription(of: next.context)
    // A roster that changes is a hand-over, which comes later; the mailbox is named once, when a group is founded.
    guard changed.name == description.name, changed.relays == description.relays,
      changed.pseudonym == description.pseudonym || group.epochNumber == 0
    else { throw .member(.descriptionChangeNotAllowed) }
    return (try roster.after(self, tree: next.tree, now: now), changed)
  }
}
