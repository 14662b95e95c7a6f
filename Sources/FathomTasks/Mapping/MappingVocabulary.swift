/// Names of fields and constant values that generated records have.
enum MappingVocabulary {
  /// Different names for the fields of a record: known words, some of them random letters.
  static func keys(_ count: Int, _ words: [String], _ random: inout TaskRandom) -> [String] {
    var keys: [String] = []
    while keys.count < count {
      var key = random.pick(words)
      if random.chance(0.1) {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        key = String((0..<Int.random(in: 2...5, using: &random)).map { _ in random.pick(letters) })
      }
      if !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  static let constants = [
    "final", "active", "official", "home", "work", "usual", "phone", "email", "Patient",
    "Observation", "Encounter", "Condition", "Claim", "Coverage", "AMB", "IMP", "mg", "cm", "kg",
    "EUR", "USD", "DE", "US", "en", "de", "v1", "v2", "new", "none", "unknown", "order", "invoice",
  ]

  /// As registrations, laboratories, shops and authorities name what they send.
  static let inputKeys = [
    "pat", "patient", "pid", "mrn", "case", "name", "nm", "first", "last", "family", "given", "sex",
    "gender", "dob", "born", "birth", "age", "addr", "street", "city", "town", "zip", "plz",
    "state",
    "land", "country", "tel", "phone", "mobile", "fax", "mail", "email", "ins", "insurer", "policy",
    "plan", "group", "ward", "room", "bed", "unit", "dept", "doctor", "nurse", "ref", "visit",
    "adm",
    "dis", "start", "end", "date", "dt", "time", "ts", "day", "month", "year", "test", "code", "cd",
    "loinc", "icd", "drug", "dose", "route", "freq", "val", "value", "result", "res", "flag", "low",
    "high", "range", "uom", "wt", "ht", "bmi", "temp", "pulse", "bp", "note", "text", "memo", "msg",
    "type", "typ", "kind", "class", "cat", "status", "stat", "prio", "lang", "marital", "title",
    "order", "ord", "item", "sku", "qty", "price", "amt", "total", "tax", "vat", "cur", "inv",
    "invoice", "bill", "paid", "due", "cust", "client", "vendor", "supplier", "ship", "carrier",
    "weight", "color", "size", "brand", "model", "serial", "lot", "batch", "seq", "line", "pos",
    "nr", "num", "idx", "key", "id", "uid", "user", "login", "role", "owner", "author", "tag",
    "label", "desc", "src", "target", "from", "to", "via", "site", "loc", "area", "zone", "region",
    "floor", "gate", "seat", "flight", "hotel", "iban", "bank", "account", "acct", "balance",
  ]

  /// As health-record and business formats name what they receive.
  static let outputKeys = [
    "identifier", "family", "given", "prefix", "suffix", "display", "text", "gender", "birthDate",
    "deceased", "telecom", "system", "use", "rank", "address", "line", "city", "district", "state",
    "postalCode", "country", "period", "start", "end", "maritalStatus", "contact", "language",
    "communication", "practitioner", "organization", "active", "status", "code", "coding",
    "category", "subject", "encounter", "performer", "issued", "effective", "value", "unit",
    "quantity", "interpretation", "note", "method", "bodySite", "specimen", "device", "low", "high",
    "type", "appliesTo", "age", "component", "class", "priority", "reason", "location", "service",
    "admission", "discharge", "origin", "destination", "participant", "role", "diagnosis",
    "severity", "onset", "recorded", "recorder", "asserter", "stage", "evidence", "medication",
    "dosage", "route", "dose", "rate", "intent", "authored", "requester", "dispense", "refills",
    "payor", "policy", "subscriber", "beneficiary", "relationship", "network", "order", "item",
    "sku", "name", "title", "brand", "price", "currency", "amount", "total", "tax", "discount",
    "customer", "vendor", "invoice", "due", "paid", "reference", "carrier", "tracking", "weight",
    "height", "width", "color", "size", "label", "summary", "description", "url", "version", "id",
    "key", "source", "target", "owner", "author", "created", "updated", "region", "site", "room",
    "floor", "phone", "email", "fax", "mobile", "street", "town", "zip", "comment", "kind", "group",
    "member", "level", "score", "result", "outcome", "resourceType", "profile", "meta", "tag",
  ]
}
