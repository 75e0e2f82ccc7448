//! Claims about rule files and verdicts, and a table of buttons as real sites have them.

use proptest::prelude::*;

use super::*;

fn element(role: &str, name: &str) -> TargetFacts {
    TargetFacts { role: role.into(), name: name.into(), tag: role.into(), ..TargetFacts::default() }
}

fn call<'a>(tool: &'a str, targets: &'a [TargetFacts]) -> CallFacts<'a> {
    CallFacts {
        caller: CallerFacts { tenant: "shop", key: "k_1", key_name: "buyer-7" },
        tool,
        effect: Effect::Act,
        page_url: Some("https://shop.test/page"),
        to_url: None,
        targets,
        values: &[],
        uploads: false,
        request: None,
    }
}

/// A request of a page, as it stands at the door.
fn request<'a>(kind: RequestKind, method: &'a str, to: &'a str, targets: &'a [TargetFacts]) -> CallFacts<'a> {
    CallFacts {
        effect: Effect::Send,
        to_url: Some(to),
        request: Some(RequestFacts { method, kind }),
        ..call(CallFacts::REQUEST_TOOL, targets)
    }
}

fn form(method: &str, fields: &[(FieldKind, bool)]) -> FormFacts {
    let fields = fields.iter().map(|(kind, filled)| FieldFacts { name: "f".into(), kind: *kind, filled: *filled });
    FormFacts { method: method.into(), action: "https://shop.test/do".into(), fields: fields.collect() }
}

fn rule_of(verdict: &Verdict) -> (&'static str, &str) {
    match verdict {
        Verdict::Allow { rule } => ("allow", rule),
        Verdict::Ask { rule, .. } => ("ask", rule),
        Verdict::Deny { rule, .. } => ("deny", rule),
    }
}

fn error(text: &str) -> PolicyError {
    Policy::parse(text, "rules.toml").expect_err("a mistake")
}

#[test]
fn every_preset_parses_and_is_named() {
    for preset in Preset::ALL {
        assert_eq!(Policy::preset(preset).name(), preset.word());
        assert_eq!(preset.word().parse(), Ok(preset));
    }
    assert!("carefull".parse::<Preset>().is_err());
}

#[test]
fn careful_asks_about_buttons_that_are_hard_to_take_back() {
    let careful = Policy::preset(Preset::Careful);
    let table = [
        ("button", "Buy now", "buying"),
        ("button", "Place your order", "buying"),
        ("button", "Pay $49.99", "buying"),
        ("button", "Jetzt kaufen", "buying"),
        ("button", "Zahlungspflichtig bestellen", "buying"),
        ("button", "Passer la commande", "buying"),
        ("button", "Realizar pedido", "buying"),
        ("menuitem", "Buy again", "buying"),
        ("generic", "PURCHASE", "buying"),
        ("button", "Delete", "deleting"),
        ("button", "🗑 Delete 3 files", "deleting"),
        ("menuitem", "Delete repository…", "deleting"),
        ("button", "Close my account", "deleting"),
        ("button", "Konto löschen", "deleting"),
        ("button", "Supprimer définitivement", "deleting"),
        ("button", "Eliminar cuenta", "deleting"),
        ("button", "Send", "sending"),
        ("button", "Send message", "sending"),
        ("button", "Publish changes", "sending"),
        ("button", "Post", "sending"),
        ("button", "Nachricht absenden", "sending"),
        ("button", "Envoyer", "sending"),
        ("link", "Buy now", "command-links"),
        ("link", "Delete", "command-links"),
        ("link", "Jetzt kaufen", "command-links"),
    ];
    for (role, name, rule) in table {
        let targets = [element(role, name)];
        assert_eq!(rule_of(&careful.decide(&call("browser_click", &targets))), ("ask", rule), "{role} {name}");
    }
}

#[test]
fn careful_lets_everyday_buttons_pass() {
    let careful = Policy::preset(Preset::Careful);
    let table = [
        ("button", "Search"),
        ("button", "Log out"),
        ("button", "Abmelden"),
        ("button", "Next"),
        ("button", "Next post"),
        ("button", "Add to cart"),
        ("button", "Show more"),
        ("button", "Accept all cookies"),
        ("button", "Sort by order date"),
        ("button", "Remove filter"),
        ("button", "Save draft"),
        ("button", "Close"),
        ("button", "Submit"),
        ("columnheader", "Send date"),
        ("tab", "Payments to send"),
        ("link", "How to buy a house without losing sleep"),
        ("link", "Orders"),
        ("link", "Sending mail with Python"),
        ("link", "Delete statement in SQL: an introduction"),
        ("link", "Buyer's guide"),
        ("link", "DELETED scenes"),
        ("textbox", "Delete"),
        ("button", ""),
    ];
    for (role, name) in table {
        let targets = [element(role, name)];
        let verdict = careful.decide(&call("browser_click", &targets));
        // "Delete statement …" is more than five words; "Delete row" as a link would be asked about.
        assert_eq!(rule_of(&verdict), ("allow", "default"), "{role} {name}");
    }
}

#[test]
fn looking_at_a_button_is_not_pressing_it() {
    let careful = Policy::preset(Preset::Careful);
    let targets = [element("button", "Buy now")];
    for tool in ["browser_hover", "browser_snapshot", "browser_take_screenshot"] {
        let effect = if tool == "browser_hover" { Effect::Act } else { Effect::Read };
        let facts = CallFacts { effect, ..call(tool, &targets) };
        assert_eq!(rule_of(&careful.decide(&facts)), ("allow", "default"), "{tool}");
    }
    for key in ["Enter", " ", "Space", "Control+Enter", "NumpadEnter"] {
        let values = [key.to_owned()];
        let facts = CallFacts { values: &values, ..call("browser_press_key", &targets) };
        assert_eq!(rule_of(&careful.decide(&facts)), ("ask", "buying"), "{key}");
    }
    let values = ["Tab".to_owned()];
    let facts = CallFacts { values: &values, ..call("browser_press_key", &targets) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("allow", "default"));
    assert_eq!(rule_of(&careful.decide(&call("a_tool_of_tomorrow", &targets))), ("ask", "buying"));
}

#[test]
fn a_search_passes_and_a_login_is_asked_about() {
    let careful = Policy::preset(Preset::Careful);
    let search = [TargetFacts {
        field: Some(FieldKind::Search),
        submits: true,
        form: Some(form("GET", &[(FieldKind::Search, true)])),
        ..element("searchbox", "Search")
    }];
    let values = ["how to send a letter".to_owned()];
    let facts = CallFacts { effect: Effect::Send, values: &values, ..call("browser_type", &search) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("allow", "default"));

    let login = |filled| {
        [TargetFacts {
            submits: true,
            form: Some(form("POST", &[(FieldKind::Text, true), (FieldKind::Password, filled)])),
            ..element("button", "Sign in")
        }]
    };
    assert_eq!(rule_of(&careful.decide(&call("browser_click", &login(true)))), ("ask", "sending-secrets"));
    assert_eq!(rule_of(&careful.decide(&call("browser_click", &login(false)))), ("allow", "default"));

    let by_script = |name: &str| {
        [TargetFacts { submits: false, ..login(true)[0].clone() }].map(|t| TargetFacts { name: name.into(), ..t })
    };
    let by_name = |name: &str| rule_of(&careful.decide(&call("browser_click", &by_script(name)))).0;
    assert_eq!(by_name("Continue"), "ask");
    assert_eq!(by_name("Show password"), "allow");
}

#[test]
fn typed_secrets_are_asked_about_wherever_they_go() {
    let careful = Policy::preset(Preset::Careful);
    let password = [TargetFacts { field: Some(FieldKind::Password), ..element("textbox", "Password") }];
    let values = ["hunter2".to_owned()];
    let facts = CallFacts { values: &values, ..call("browser_type", &password) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("ask", "typing-secrets"));

    let comment = [TargetFacts { field: Some(FieldKind::Text), ..element("textbox", "Comment") }];
    let values = ["my card is 4111 1111 1111 1111".to_owned()];
    let facts = CallFacts { values: &values, ..call("browser_type", &comment) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("ask", "typing-secrets"));
    let values = ["order 1234 of 2026".to_owned()];
    let facts = CallFacts { values: &values, ..call("browser_type", &comment) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("allow", "default"));

    // One field of many is enough.
    let fields = [comment[0].clone(), password[0].clone()];
    let values = ["ann".to_owned(), "hunter2".to_owned()];
    let facts = CallFacts { values: &values, ..call("browser_fill_form", &fields) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("ask", "typing-secrets"));
}

#[test]
fn files_and_acting_scripts_are_asked_about() {
    let careful = Policy::preset(Preset::Careful);
    let upload = CallFacts { uploads: true, ..call("browser_file_upload", &[]) };
    assert_eq!(rule_of(&careful.decide(&upload)), ("ask", "uploading"));
    let file = [TargetFacts { downloads: true, ..element("link", "Report (PDF)") }];
    assert_eq!(rule_of(&careful.decide(&call("browser_click", &file))), ("ask", "downloading"));
    assert_eq!(rule_of(&careful.decide(&call("browser_hover", &file))), ("allow", "default"));

    let script = |text: &str| {
        let values = [text.to_owned()];
        rule_of(&careful.decide(&CallFacts { values: &values, ..call("browser_evaluate", &[]) })).0
    };
    for acts in [
        "() => document.querySelector('#buy').click()",
        "() => document.forms[0].requestSubmit()",
        "() => document.forms[0]['submit']()",
        "async () => { await fetch('/buy', {method: 'POST'}) }",
        "() => { navigator.sendBeacon('/x') }",
    ] {
        assert_eq!(script(acts), "ask", "{acts}");
    }
    for looks in ["() => document.title", "function () { return [...document.links].map(a => a.href) }", "() => clicks"]
    {
        assert_eq!(script(looks), "allow", "{looks}");
    }
}

#[test]
fn strict_asks_unless_it_is_looking_around_one_site() {
    let strict = Policy::preset(Preset::Strict);
    let go = |page, to| {
        let facts = CallFacts { page_url: page, to_url: Some(to), ..call("browser_navigate", &[]) };
        rule_of(&strict.decide(&facts)).0
    };
    assert_eq!(go(Some("https://a.test/1"), "https://a.test/2"), "allow");
    assert_eq!(go(Some("https://a.test/1"), "https://b.test/"), "ask");
    assert_eq!(go(Some("about:blank"), "https://a.test/"), "ask");
    assert_eq!(go(None, "https://a.test/"), "ask");

    let link = |to: &str| [TargetFacts { href: Some(to.into()), ..element("link", "Chapter 2") }];
    assert_eq!(rule_of(&strict.decide(&call("browser_click", &link("https://shop.test/2")))).0, "allow");
    assert_eq!(rule_of(&strict.decide(&call("browser_click", &link("https://other.test/2")))), ("ask", "new-site"));
    let button = [element("button", "Next")];
    assert_eq!(rule_of(&strict.decide(&call("browser_click", &button))), ("ask", "default"));
    assert_eq!(rule_of(&strict.decide(&call("browser_evaluate", &[]))), ("ask", "default"));
    let read = CallFacts { effect: Effect::Read, ..call("browser_snapshot", &[]) };
    assert_eq!(rule_of(&strict.decide(&read)).0, "allow");
}

#[test]
fn the_most_careful_rule_wins_wherever_it_stands() {
    let text = r#"
        default = "ask"
        [[rule]]
        name = "all"
        then = "allow"
        when.tool = "*"
        [[rule]]
        name = "first"
        then = "ask"
        ttl = 30
        message = "why"
        when.tool = ["browser_c*"]
        [[rule]]
        name = "second"
        then = "ask"
        when.tool = "browser_click"
        [[rule]]
        name = "never"
        then = "deny"
        when.page = "*.bank.test"
        unless.role = "link"
    "#;
    let policy = Policy::parse(text, "rules.toml").expect("a good file");
    assert_eq!(rule_of(&policy.decide(&call("browser_type", &[]))), ("allow", "all"));
    let verdict = policy.decide(&call("browser_click", &[]));
    let Verdict::Ask { rule, message, ttl, asking } = verdict else { panic!("{verdict:?}") };
    assert_eq!((rule.as_str(), message.as_str(), ttl), ("first", "why", Duration::from_secs(30)));
    assert_eq!(asking.rules.first().map(|rule| rule.name.as_str()), Some("first"));
    let bank = |targets| CallFacts { page_url: Some("https://my.bank.test/"), ..call("browser_click", targets) };
    assert_eq!(rule_of(&policy.decide(&bank(&[]))).0, "deny");
    let both = [element("link", "Help"), element("button", "Pay")];
    assert_eq!(rule_of(&policy.decide(&bank(&both[..1]))), ("ask", "first"));
    // An exception for one target is no exception for the other.
    assert_eq!(rule_of(&policy.decide(&bank(&both))).0, "deny");
}

#[test]
fn a_mistake_is_named_with_its_file_line_and_key() {
    let wrong = error("default = \"allow\"\n\n[[rule]]\nname = \"a\"\nthen = \"ask\"\nwhen.tools = \"x\"\n");
    assert_eq!((wrong.line, wrong.source_name.as_str()), (Some(6), "rules.toml"), "{wrong}");
    assert!(wrong.to_string().contains("unknown field `tools`"), "{wrong}");
    assert_eq!(wrong.to_string().lines().count(), 2, "one line what, one line how: {wrong}");

    let head = "default = \"allow\"\n[[rule]]\nname = \"a\"\nthen = \"ask\"\n";
    for (tail, line, part) in [
        ("when.tool = []\n", 5, "empty"),
        ("when.effect = \"reed\"\n", 5, "none of read, act, send"),
        ("when.name_regex = \"(\"\n", 5, "does not compile"),
        ("when.name = [\"buy\", \"=\"]\n", 5, "no word"),
        ("when.page = \"ftp://x\"\n", 5, "no scheme"),
        ("when.tool = \"x\"\nttl = \"5 parsecs\"\n", 6, "no time"),
        ("when.tool = \"x\"\nttl = \"1s\"\n", 6, "out of bounds"),
        ("when.tool = 5\n", 5, "a text or a list of texts"),
        ("when.tool = \"x\"\n[rule.unless]\n", 6, "every call out of the rule"),
        ("when.tool = \"x\"\n[[rule]]\nname = \"a\"\nthen = \"ask\"\nwhen.tool = \"y\"\n", 6, "taken"),
    ] {
        let wrong = error(&format!("{head}{tail}"));
        assert!(wrong.to_string().contains(part), "{tail}: {wrong}");
        assert_eq!(wrong.line, Some(line), "{tail}: {wrong}");
        assert!(wrong.key.is_some(), "{tail}: {wrong}");
    }
    assert!(error(head).to_string().contains("no condition"));
    assert!(error("").to_string().contains("no `default`"));
    assert!(error("default = \"perhaps\"").to_string().contains("none of allow, deny, ask"));
    assert!(error("default = allow").line.is_some());
    assert!(error(&" ".repeat(2_000_000)).to_string().contains("bytes"));
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,300}") {
        drop(Policy::parse(&text, "x"));
    }

    #[test]
    fn no_broken_preset_becomes_no_policy(cut in 0_usize..4_000) {
        // A file cut off anywhere is refused, or still asks about what its whole rules cover: never silently `allow` with half a rule.
        let text = Preset::Careful.text();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        if let Ok(policy) = Policy::parse(&text[..cut], "x") {
            let whole = Policy::preset(Preset::Careful);
            let expected: Vec<_> = whole.rule_names().take(policy.rule_names().count()).collect();
            prop_assert_eq!(policy.rule_names().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_further_rule_never_makes_the_answer_less_careful(name in "\\PC{0,40}", pick in 0_usize..3, role in "button|link|generic") {
        let then = ["allow", "ask", "deny"][pick];
        let extra = format!("{}\n[[rule]]\nname = \"extra\"\nthen = \"{then}\"\nwhen.tool = \"*\"\n", Preset::Careful.text());
        let targets = [element(&role, &name)];
        let care = |policy: &Policy| match policy.decide(&call("browser_click", &targets)) {
            Verdict::Allow { .. } => 0,
            Verdict::Ask { .. } => 1,
            Verdict::Deny { .. } => 2,
        };
        let before = care(&Policy::preset(Preset::Careful));
        let after = care(&Policy::parse(&extra, "x").expect("a good file"));
        prop_assert!(after >= before);
        prop_assert!(after >= pick);
    }
}

#[test]
fn rules_speak_about_who_calls() {
    let text = r#"
        default = "allow"
        [[rule]]
        name = "interns"
        then = "deny"
        when.key = ["intern-*", "k_9"]
        [[rule]]
        name = "bank"
        then = "ask"
        when.tenant = "bank-*"
        unless.key = "teller"
    "#;
    let policy = Policy::parse(text, "rules.toml").expect("a good file");
    let by = |tenant, key, key_name| {
        let facts = CallFacts { caller: CallerFacts { tenant, key, key_name }, ..call("browser_click", &[]) };
        rule_of(&policy.decide(&facts)).0
    };
    assert_eq!(by("shop", "k_1", "buyer"), "allow");
    assert_eq!(by("shop", "k_1", "intern-3"), "deny");
    assert_eq!(by("shop", "k_9", "buyer"), "deny");
    assert_eq!(by("shop", "k_91", "buyer"), "allow", "an id is taken whole");
    assert_eq!(by("bank-2", "k_1", "buyer"), "ask");
    assert_eq!(by("bank-2", "k_1", "teller"), "allow");
}

#[test]
fn rules_speak_about_the_method_that_is_about_to_be_sent() {
    let text = "default = \"allow\"\n[[rule]]\nname = \"writes\"\nthen = \"ask\"\nwhen.method = [\"post\", \"DELETE\", \"OTHER\"]\n";
    let policy = Policy::parse(text, "rules.toml").expect("a good file");
    let by_request = |method| {
        let facts = request(RequestKind::Script, method, "https://shop.test/x", &[]);
        rule_of(&policy.decide(&facts)).0
    };
    for (method, answer) in
        [("POST", "ask"), ("delete", "ask"), ("PROPFIND", "ask"), ("GET", "allow"), ("PUT", "allow")]
    {
        assert_eq!(by_request(method), answer, "{method}");
    }
    let button = |method, submits| [TargetFacts { submits, form: Some(form(method, &[])), ..element("button", "Go") }];
    let by_click = |method, submits| rule_of(&policy.decide(&call("browser_click", &button(method, submits)))).0;
    assert_eq!(by_click("POST", true), "ask");
    assert_eq!(by_click("POST", false), "allow", "a button that submits nothing");
    assert_eq!((by_click("GET", true), by_click("DIALOG", true)), ("allow", "allow"));
    assert_eq!(rule_of(&policy.decide(&call("browser_hover", &button("POST", true)))).0, "allow");
    let gets = Policy::parse(&text.replace("[\"post\", \"DELETE\", \"OTHER\"]", "\"get\""), "x").expect("a good file");
    let go = CallFacts { to_url: Some("https://shop.test/"), ..call("browser_navigate", &[]) };
    assert_eq!(rule_of(&gets.decide(&go)).0, "ask");
    assert_eq!(rule_of(&gets.decide(&call("browser_resize", &[]))).0, "allow", "it sends nothing");
}

#[test]
fn mail_addresses_and_account_numbers_are_classes_of_values() {
    let text = "default = \"allow\"\n[[rule]]\nname = \"who\"\nthen = \"ask\"\nwhen.value = [\"email\", \"iban\"]\n";
    let policy = Policy::parse(text, "rules.toml").expect("a good file");
    for (value, answer) in [
        ("ann@mail.example", "ask"),
        ("DE89 3704 0044 0532 0130 00", "ask"),
        ("gb82west12345698765432", "ask"),
        ("DE89 3704 0044 0532 0130 01", "allow"),
        ("ann at mail", "allow"),
    ] {
        let values = [value.to_owned()];
        let typed = CallFacts { values: &values, ..call("browser_type", &[]) };
        assert_eq!(rule_of(&policy.decide(&typed)).0, answer, "{value}");
        let sent = CallFacts { values: &values, ..request(RequestKind::Script, "POST", "https://shop.test/x", &[]) };
        assert_eq!(rule_of(&policy.decide(&sent)).0, answer, "{value}");
    }
}

#[test]
fn a_mistake_in_who_method_and_request_is_named_with_what_to_do() {
    let head = "default = \"allow\"\n[[rule]]\nname = \"a\"\nthen = \"ask\"\n";
    for (tail, line, part) in [
        ("when.tenant = \"\"\n", 5, "nobody's name"),
        ("when.tenant = []\n", 5, "empty"),
        ("when.tenants = \"a\"\n", 5, "unknown field `tenants`"),
        ("when.key = [\"a\", \"b\\nc\"]\n", 5, "one line"),
        ("when.key = 7\n", 5, "a text or a list of texts"),
        ("when.method = \"POTS\"\n", 5, "none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, OTHER"),
        ("when.method = [\"GET\", \"\"]\n", 5, "none of GET"),
        ("when.form_method = \"PUT\"\n", 5, "none of GET, POST, DIALOG"),
        ("when.request = \"xhr\"\n", 5, "none of form, script, beacon"),
        ("when.value = \"creditcard\"\n", 5, "none of password, card, one_time_code, email, iban"),
        ("when.effect = \"act\"\nwhen.request = \"form\"\n", 6, "the effect is another"),
        ("when.tool = [\"browser_*\"]\nwhen.request = \"form\"\n", 6, "names other tools"),
    ] {
        let wrong = error(&format!("{head}{tail}"));
        assert!(wrong.to_string().contains(part), "{tail}: {wrong}");
        assert_eq!((wrong.line, wrong.to_string().lines().count()), (Some(line), 2), "{tail}: {wrong}");
        assert!(wrong.key.is_some() && !wrong.how.is_empty(), "{tail}: {wrong}");
    }
}

#[test]
fn a_policy_knows_whether_it_could_stop_what_a_page_sends() {
    let could = |text: &str| Policy::parse(text, "x").expect("a good file").could_stop_requests();
    assert!(!Policy::preset(Preset::Open).could_stop_requests());
    assert!(
        Policy::preset(Preset::Careful).could_stop_requests() && Policy::preset(Preset::Strict).could_stop_requests()
    );
    assert!(could("default = \"ask\"") && could("default = \"deny\"") && !could("default = \"allow\""));
    let rule = |then: &str, when: &str| {
        could(&format!("default = \"allow\"\n[[rule]]\nname = \"a\"\nthen = \"{then}\"\n{when}\n"))
    };
    for when in [
        "when.tool = \"*\"",
        "when.method = \"POST\"",
        "when.to = \"*.bank.test\"",
        "when.key = \"a\"",
        "when.name = \"buy\"",
    ] {
        assert!(rule("ask", when) && rule("deny", when) && !rule("allow", when), "{when}");
    }
    for when in ["when.tool = \"browser_*\"", "when.effect = \"act\"", "when.download = true", "when.activates = false"]
    {
        assert!(!rule("ask", when), "{when}");
    }
}

#[test]
fn all_rules_that_ask_are_heard_in_who_decides() {
    let policy = Policy::parse(
        r#"
default = "ask"
[[rule]]
name = "buying"
then = "ask"
ask.by = ["shop-*", "ann"]
when.name = "buy"
[[rule]]
name = "much"
then = "ask"
ask.approvers = 2
when.name = "all"
[[rule]]
name = "never"
then = "deny"
when.name = "everything"
"#,
        "test",
    )
    .unwrap();
    let asking = |name: &str| {
        let targets = [element("button", name)];
        match policy.decide(&call("browser_click", &targets)) {
            Verdict::Ask { asking, .. } => asking,
            other => panic!("{other:?}"),
        }
    };
    let both = asking("Buy all");
    let names: Vec<&str> = both.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!((names, both.approvers), (vec!["buying", "much"], 2));
    assert_eq!(both.deciders(), "2 people whose name or id fits \"shop-*\" or \"ann\"");
    assert!(both.admits("ann", "k_1") && both.admits("other", "shop-7") && !both.admits("bob", "k_2"));
    let one = asking("Buy it");
    assert_eq!((one.approvers, one.rules.len()), (1, 1));
    assert!(one.is_within(&both) && !both.is_within(&one));
    assert_eq!(policy.mark_of("buying"), Some(one.rules[0].mark));
    let default = asking("Something");
    assert_eq!((default.rules[0].name.as_str(), default.approvers), (Policy::DEFAULT_RULE, 1));
    assert!(default.admits("anybody", "k"));
    assert_eq!(policy.mark_of("never"), None, "it asks nothing");
}

#[test]
fn a_rule_with_other_words_has_another_mark() {
    let mark = |ask: &str, name: &str| {
        let text =
            format!("default = \"allow\"\n[[rule]]\nname = \"a\"\nthen = \"ask\"\n{ask}\nwhen.name = \"{name}\"\n");
        Policy::parse(&text, "test").unwrap().mark_of("a").unwrap()
    };
    assert_eq!(mark("", "buy"), mark("# a word to the reader", "buy"));
    assert_ne!(mark("", "buy"), mark("", "sell"));
    assert_ne!(mark("", "buy"), mark("ask.approvers = 2", "buy"));
}

#[test]
fn who_decides_is_checked() {
    for (ask, then, word) in [
        ("ask.approvers = 0", "ask", "0 people cannot be asked"),
        ("ask.approvers = 11", "ask", "1 to 10"),
        ("ask.by = []", "ask", "the list is empty"),
        ("ask.by = [\" \"]", "ask", "a pattern of a name"),
        ("ask.approver = 2", "ask", "unknown field"),
        ("ask.approvers = 2", "deny", "asks nothing"),
    ] {
        let text =
            format!("default = \"allow\"\n[[rule]]\nname = \"a\"\nthen = \"{then}\"\n{ask}\nwhen.name = \"x\"\n");
        let error = Policy::parse(&text, "test").unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("line"), "{ask}: {error}");
    }
}

/// The form of a page as it is about to be sent by a script, and the button that would have sent it.
fn sent_form(method: &str, button: &str, fields: &[(FieldKind, bool)]) -> [TargetFacts; 1] {
    let role = if button.is_empty() { "" } else { "button" };
    [TargetFacts { submits: true, form: Some(form(method, fields)), ..element(role, button) }]
}

#[test]
fn careful_holds_what_a_page_sends_by_the_rules_that_hold_for_its_buttons() {
    let careful = Policy::preset(Preset::Careful);
    let secret = [(FieldKind::Text, true), (FieldKind::Card, true)];
    let plain = [(FieldKind::Text, true)];
    for (kind, method, to, button, fields, rule) in [
        (RequestKind::Form, "POST", "https://shop.test/x", "Buy now", &plain[..], "buying"),
        (RequestKind::Script, "POST", "https://shop.test/x", "Konto löschen", &plain[..], "deleting"),
        (RequestKind::Script, "POST", "https://shop.test/x", "", &secret[..], "sending-secrets"),
        (RequestKind::Beacon, "POST", "https://other.test/x", "", &secret[..], "sending-secrets"),
        (RequestKind::Script, "GET", "https://other.test/x?card=1", "", &secret[..], "sending-secrets"),
        (RequestKind::Script, "DELETE", "https://shop.test/x", "", &plain[..], "deleting-by-script"),
        (RequestKind::Script, "POST", "https://shop.test/buy", "", &plain[..], "buying-by-script"),
        (RequestKind::Script, "PUT", "https://shop.test/api/v2/orders", "", &plain[..], "buying-by-script"),
    ] {
        let targets = sent_form(method, button, fields);
        let verdict = careful.decide(&request(kind, method, to, &targets));
        assert_eq!(rule_of(&verdict), ("ask", rule), "{method} {to} {button}");
    }
    for (kind, method, to, button) in [
        (RequestKind::Script, "POST", "https://shop.test/api/search", ""),
        (RequestKind::Script, "POST", "https://shop.test/graphql", ""),
        (RequestKind::Script, "POST", "https://shop.test/orders/search", ""),
        (RequestKind::Beacon, "POST", "https://count.test/collect?v=2", ""),
        (RequestKind::Form, "POST", "https://shop.test/x", "Search"),
        (RequestKind::Form, "POST", "https://shop.test/x", "Next"),
    ] {
        let targets = sent_form(method, button, &plain);
        let verdict = careful.decide(&CallFacts { uploads: true, ..request(kind, method, to, &targets) });
        assert_eq!(rule_of(&verdict), ("allow", "default"), "{method} {to} {button}");
    }
    let values = ["visitor-17".to_owned(), "4111111111111111".to_owned()];
    let facts = CallFacts { values: &values, ..request(RequestKind::Beacon, "POST", "https://count.test/c", &[]) };
    assert_eq!(rule_of(&careful.decide(&facts)), ("ask", "typing-secrets"));
    let values =
        ["1764142157123".to_owned(), "GA1.1.411111111.1111111".to_owned(), "order 4111111111111111".to_owned()];
    let facts = CallFacts { values: &values, ..request(RequestKind::Beacon, "POST", "https://count.test/c", &[]) };
    assert_eq!(rule_of(&careful.decide(&facts)).0, "allow", "numbers that are nobody's card");
}

#[test]
fn strict_asks_about_what_pages_send_but_not_about_being_counted() {
    let strict = Policy::preset(Preset::Strict);
    let plain = sent_form("POST", "", &[(FieldKind::Text, true)]);
    let secret = sent_form("POST", "", &[(FieldKind::Password, true)]);
    let ask =
        |kind, targets: &[TargetFacts]| rule_of(&strict.decide(&request(kind, "POST", "https://a.test/x", targets))).0;
    assert_eq!((ask(RequestKind::Form, &plain), ask(RequestKind::Script, &plain)), ("ask", "ask"));
    assert_eq!((ask(RequestKind::Beacon, &plain), ask(RequestKind::Beacon, &secret)), ("allow", "ask"));
}

#[test]
fn open_asks_about_nothing_that_pages_send() {
    let open = Policy::preset(Preset::Open);
    let targets = sent_form("POST", "Buy now", &[(FieldKind::Card, true)]);
    assert_eq!(rule_of(&open.decide(&request(RequestKind::Form, "POST", "https://a.test/buy", &targets))).0, "allow");
}
