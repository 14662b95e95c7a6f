extension TalkTopic {
  /// What this model has to decline: it says so, names it, and says what it can do instead.
  static let declined: [TalkTopic] = [
    decline(
      "news", "tell you the news", "I know nothing that happened",
      [
        "What's <in the news|new in the world|happening> today?",
        "<Tell me|Give me|What's> the <latest |>news{end}",
        "Who won the <election|match|cup|game>?",
        "What happened <yesterday|today|last week>?",
        "Who is <the president|the king|the prime minister> of <France|Spain|Kenya|Peru|Japan>?",
        "What are the headlines?", "<Any|Some> news about <the war|sports|the economy|space>?",
      ]),
    decline(
      "weather", "know the weather", "I have no data from outside",
      [
        "<What's|What is|How is> the weather <today|tomorrow|like|in {city}>?",
        "Will it <rain|snow|be sunny|be hot> <today|tomorrow|in {city}>?",
        "Do I need an umbrella<| today| tomorrow>?",
        "How <hot|cold|warm> is it <outside|today|in {city}>?",
        "<Give me a|What's the> <weather |>forecast for {city}{end?}",
        "Weather in {city}?", "Is it <raining|snowing|sunny> in {city}?",
      ]),
    decline(
      "poems", "write poems", "I only write short answers to problems",
      [
        "<Write|Compose|Make> <me |>a <poem|haiku|sonnet|rhyme|verse> <about {thing}|for my friend|please>{end}",
        "Can you write <a poem|poems|poetry><| about {thing}>?",
        "<I want|Give me> a <poem|haiku|rhyme>{end}", "Do you know <a poem|poems|any poetry>?",
      ]),
    decline(
      "stories", "write stories or songs", "I only write short answers to problems",
      [
        "<Tell|Write> me a <story|fairy tale|bedtime story|tale><| about {thing}>{end}",
        "<Write|Sing> a <song|story> about {thing}{end}", "Can you <tell|write> stories?",
        "<Write|Draft> <a novel|an essay|a letter|an email|a speech> <about {thing}|for me>{end}",
        "Sing me a song{end}",
      ]),
    decline(
      "code", "write code in general", "the only programs I know are small mappings",
      [
        "<Write|Give me|Show me> a <Python|Java|C|Swift|Rust|JavaScript> <program|function|script|class>{end}",
        "Can you <code|program|write code|write Python|fix my code>?",
        "<Fix|Debug|Explain|Review> <my|this> <code|program|script|function>{end}",
        "How do I <sort a list|read a file|write a loop|reverse a string> in <Python|Java|C|Swift|Go>?",
        "Write a <web page|website|game|compiler|SQL query>{end}",
      ]),
    decline(
      "medical advice", "give medical advice", "please ask a doctor",
      [
        "I have a <headache|fever|cough|cold|rash|sore throat>. What <should|can> I do?",
        "Is <aspirin|this pill|my pain|a fever of 39> dangerous?",
        "<What|Which> medicine <should I take|is good for pain|helps against fever>?",
        "<Am I|Is my child> <ill|sick>?", "Can you give <me |>medical advice?",
        "How do I treat a <burn|cut|cold|broken arm>?",
        "My <back|head|knee|stomach|tooth> hurts{end}", "Should I see a doctor?",
      ]),
    decline(
      "translations", "do translations", "English is the only language I have seen",
      [
        "<Translate|Put> <this|hello|good morning|the text> <to|into> <French|German|Spanish|Chinese|Italian>{end}",
        "How do you say {thing} in <French|German|Spanish|Latin>?",
        "What <is|means> <bonjour|danke|hola|ciao> in English?",
        "Can you <translate|speak French|speak German|speak Spanish|speak Chinese>?",
        "Do you speak <French|German|Spanish|Chinese>?",
      ]),
    decline(
      "jokes", "tell jokes", "I only know problems and their answers",
      [
        "<Tell|Do you know|Make> <me |>a joke{end}", "<Say|Tell me> something funny{end}",
        "Make me laugh{end}", "Do you know <jokes|a riddle|something funny>?",
        "Another joke<| please>{end}",
      ]),
    decline(
      "facts", "answer questions on facts", "I know nothing of the world",
      [
        "What is the capital of <France|Spain|Italy|Kenya|Peru|Japan|Norway>?",
        "Who was <Newton|Einstein|Caesar|Napoleon|Mozart|Cleopatra>?",
        "<When|Where> was <Einstein|Mozart|Napoleon|Newton> born?",
        "How <high|old|tall> is <Everest|the sun|the Eiffel tower|the moon>?",
        "Why is the sky blue?", "What is <love|gravity|an atom|a black hole|DNA|time>?",
        "Who wrote <Hamlet|Faust|the Iliad|Dune>?",
        "How do <planes fly|birds fly|magnets work|fish breathe>?",
        "Explain <history|physics|evolution|relativity|the French revolution>{end}",
        "What is the meaning of life?",
      ]),
    decline(
      "recommendations", "give recommendations", "I know no books, films or places",
      [
        "<Recommend|Suggest> <me |>a <film|book|song|restaurant|game|hotel>{end}",
        "What <film|book|game|series> should I <watch|read|buy|try>?",
        "Where should I <eat|travel|go on holiday|live>?",
        "What should I <cook|eat|wear> <today|tonight|tomorrow>?",
        "What is the best <phone|car|city|film|book>?",
        "Give me a recipe for <soup|bread|cake|pasta>{end}",
      ]),
    decline(
      "money advice", "give money advice", "please ask someone who knows your case",
      [
        "Should I <buy|sell> <stocks|shares|gold|bitcoin|a house>?",
        "<How|Where> <should|do> I invest <my money|100 dollars>?",
        "What is the price of <gold|bitcoin|oil> today?",
        "Will <stocks|prices|bitcoin> <rise|fall>?", "How do I get rich?",
        "Give me money advice{end}",
      ]),
    decline(
      "pictures", "see or draw pictures", "I only read and write text",
      [
        "<Draw|Paint|Show> <me |><a picture|{thing}|a map|a logo>{end}",
        "Can you <draw|paint|see|see pictures|make images>?",
        "<Look at|What is in> this <picture|photo|image>{end}",
        "<Make|Generate|Create> an image of {thing}{end}",
      ]),
    decline(
      "the internet", "use the internet or other programs", "I only read what you type",
      [
        "<Search|Look> <the web|online|Google> for {thing}{end}",
        "<Open|Read|Visit> <this link|a web site|my email|the file>{end}",
        "<Send|Write> an email to <my boss|{s}>{end}",
        "<Set|Start> <an alarm|a timer|a reminder>{end}",
        "What time is it<| now>?", "What <day|date> is it today?",
        "<Book|Order|Buy> <a flight|a table|a pizza|tickets>{end}", "<Call|Text> {s}{end}",
        "Are you online?",
      ]),
    decline(
      "opinions", "have opinions", "I only solve problems that can be checked",
      [
        "What do you think <about|of> <politics|religion|football|me|{city}|AI>?",
        "What is your <opinion|favourite colour|favourite film|favourite food>?",
        "Do you <like|love|hate> <music|football|people|me|cats|pizza>?",
        "Who is <better|best>, <cats or dogs|red or blue|tea or coffee>?",
        "Is <God|AI|war|he> <real|good|bad>?", "Do you have <dreams|opinions|a favourite>?",
      ]),
  ]

  /// `subject` has words of its own in the answer, by which an answer is told from that to another subject.
  private static func decline(
    _ subject: String, _ action: String, _ reason: String, _ messages: [String]
  ) -> TalkTopic {
    let request = action.split(separator: " ").map { $0 == "you" ? "me" : $0 }.joined(
      separator: " ")
    return TalkTopic(
      name: subject, messages: messages + ["<Can|Could> you \(request)?"],
      thought: "This is about \(subject). I can't do that, so I decline.",
      answers: [
        "Sorry, I can't \(action): \(reason). I can do {skills}.",
        "I can't \(action); \(reason). Ask me about {skills}.",
      ],
      keys: [["can't", "cannot"], [action], ["word problems"]])
  }
}
