//! Claims about layering and refusals.

use std::path::Path;

use super::{Config, Flag, Keys};

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn flag(flag: &str, key: &str, text: &str) -> Flag {
    Flag { flag: flag.to_owned(), key: key.to_owned(), text: text.to_owned() }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn each_layer_lies_over_the_one_before() {
    let written = file("policy = \"strict\"\n[pool]\nmax_sessions = 3\nmax_waiting = 4\nwarm_sessions = 1\n");
    let config = Config::load(
        Some(written.path()),
        env(&[("HELMWATCH_POOL__MAX_WAITING", "5"), ("HELMWATCH_POOL__WARM_SESSIONS", "6"), ("PATH", "/bin")]),
        &[flag("--set", "pool.warm_sessions", "7")],
    )
    .unwrap();
    assert_eq!(config.policy, "strict");
    assert_eq!((config.pool.max_sessions, config.pool.max_waiting, config.pool.warm_sessions), (3, 5, 7));
    assert_eq!(config.pool.ceiling, Config::default().pool.ceiling);
}

#[test]
fn an_unknown_key_is_named_with_its_source_and_the_likely_one() {
    let written = file("[pool]\nmax_sesions = 3\n");
    let error = Config::load(Some(written.path()), [], &[]).unwrap_err();
    assert!(error.source.ends_with(written.path().to_str().unwrap()), "{error}");
    assert_eq!(error.what, "unknown key pool.max_sesions");
    assert_eq!(error.how, "Did you mean pool.max_sessions?");

    let error = Config::load(None, env(&[("HELMWATCH_WIBBLE", "1")]), &[]).unwrap_err();
    assert_eq!(error.source, "environment variable HELMWATCH_WIBBLE");
    assert_eq!(error.what, "unknown key wibble");

    let error = Config::load(None, [], &[flag("--set", "pool.max_sessions.x", "1")]).unwrap_err();
    assert_eq!((error.source.as_str(), error.what.as_str()), ("flag --set", "unknown key pool.max_sessions.x"));
}

#[test]
fn a_wrong_kind_is_named_and_a_number_like_text_stays_text() {
    let written = file("[pool]\nmax_sessions = \"many\"\n");
    let error = Config::load(Some(written.path()), [], &[]).unwrap_err();
    assert_eq!(error.what, "pool.max_sessions is a whole number, not a text");

    let error = Config::load(None, env(&[("HELMWATCH_POOL__MAX_SESSIONS", "many")]), &[]).unwrap_err();
    assert_eq!(error.what, "pool.max_sessions is a whole number, not \"many\"");

    let error = Config::load(None, env(&[("HELMWATCH_POOL__MAX_SESSIONS", "-1")]), &[]).unwrap_err();
    assert!(error.what.starts_with("pool.max_sessions: "), "{error}");

    let error = Config::load(None, env(&[("HELMWATCH_BROWSER__SANDBOX", "maybe")]), &[]).unwrap_err();
    assert!(error.what.contains("browser.sandbox") && error.what.contains("`on`"), "{error}");

    let config = Config::load(None, env(&[("HELMWATCH_BROWSER__USER", "65534")]), &[]).unwrap();
    assert_eq!(config.browser.user, "65534");
}

#[test]
fn lists_come_from_the_environment_too() {
    let variables =
        env(&[("HELMWATCH_EGRESS__ALLOW", "127.0.0.1:8080, 10.0.0.0/8"), ("HELMWATCH_EGRESS__PORTS", "80,8443")]);
    let config = Config::load(None, variables, &[]).unwrap();
    assert_eq!(config.egress.allow, ["127.0.0.1:8080", "10.0.0.0/8"]);
    assert_eq!(config.egress.ports, [80, 8443]);
}

#[test]
fn a_line_that_is_no_toml_is_named_by_number() {
    let written = file("policy = \"open\"\n[pool\n");
    let error = Config::load(Some(written.path()), [], &[]).unwrap_err();
    assert!(error.source.ends_with("line 2"), "{error}");
    let error = Config::load(Some(Path::new("/nowhere/helmwatch.toml")), [], &[]).unwrap_err();
    assert!(error.what.contains("cannot be read"), "{error}");
}

#[test]
fn every_error_is_one_line_what_and_one_line_how() {
    for text in [
        "[pool]\nmax_sessions = 0.5",
        "pool = 3",
        "live.quality = 0",
        "[pool]\nmax_sessions = 300",
        "[pool]\nmax_sessions_per_tenant = 257",
        "[pool]\nmax_waiting = 100001",
        "[pool]\nmax_waiting_per_tenant = 100001",
        "[pool]\nadaptive_sessions_min = 0",
        "[pool]\nadaptive_sessions_min = 257",
        "[pool]\nadaptive = 1",
        "[pool]\nbrowser_memory_mib_renew = 63",
        "[pool]\nbrowser_memory_mib_renew = 0\nbrowser_memory_mib_max = 255",
        "[pool]\nbrowser_memory_mib_renew = 6144",
        "[pool]\nbrowser_age_s_max = -1",
        "[browser]\nargs = [\"--no-sandbox\"]",
        "listen = \"here\"",
        "x =",
    ] {
        let written = file(text);
        let error = Config::load(Some(written.path()), [], &[]).unwrap_err();
        assert_eq!(error.to_string().lines().count(), 2, "{text}: {error}");
    }
}

#[test]
fn the_secret_is_no_setting_and_appears_in_no_dump() {
    let config = Config::load(None, env(&[("HELMWATCH_ADMIN_KEY", "hw_secret")]), &[]).unwrap();
    assert!(!config.to_toml().contains("hw_secret"));
    let again: Config = toml::from_str(&config.to_toml()).unwrap();
    assert_eq!(again, config);
}

#[test]
fn beyond_loopback_only_with_keys() {
    let open = Config::load(None, [], &[flag("--listen", "listen", "0.0.0.0:7800")]).unwrap();
    assert!(open.check_exposure(Keys::None).is_err());
    assert!(open.check_exposure(Keys::Configured).is_ok());
    assert!(Config::default().check_exposure(Keys::None).is_ok());
}

#[test]
fn the_data_folder_has_a_home() {
    let of = |pairs: &[(&str, &str)]| Config::load(None, env(pairs), &[]).unwrap().data_dir;
    assert_eq!(of(&[("HOME", "/home/a")]), Path::new("/home/a/.local/share/helmwatch"));
    assert_eq!(of(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "/d")]), Path::new("/d/helmwatch"));
    assert_eq!(of(&[("HOME", "/home/a"), ("HELMWATCH_DATA_DIR", "/e")]), Path::new("/e"));
}

#[test]
fn a_webhook_that_cannot_be_used_is_named_and_its_secrets_appear_nowhere() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let hook = |lines: &str| format!("[[webhook]]\n{lines}");
    let load = |text: &str| Config::load(Some(file(text).path()), [], &[]);
    let good =
        hook(&format!("name = \"ops\"\nurl = \"https://hooks.example/T0/secret-path\"\nsecret = \"{SECRET}\"\n"));
    let config = load(&good).unwrap();
    assert_eq!(config.webhook[0].url.expose(), "https://hooks.example/T0/secret-path");
    let shown = format!("{}{config:?}", config.to_toml());
    assert!(!shown.contains("secret-path") && !shown.contains(&SECRET[6..]), "{shown}");
    assert!(
        load(&hook("name = \"s\"\nurl_env = \"SLACK\"\nformat = \"slack\"\n")).is_ok(),
        "Slack checks no signature"
    );
    for (lines, word) in [
        ("name = \"a\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n", "webhook.url of \"a\": there is none"),
        ("name = \"a\"\nurl = \"https://x.test\"\n", "webhook.secret of \"a\": there is none"),
        (
            "name = \"a\"\nurl = \"https://x.test\"\nsecret = \"whsec_c2hvcnQ=\"\n",
            "webhook.secret of \"a\": is not whsec_",
        ),
        (
            "name = \"a\"\nurl = \"ftp://x.test\"\nsecret_env = \"S\"\n",
            "webhook.url of \"a\": is no http or https address",
        ),
        ("name = \"a\"\nurl = \"https://x.test\"\nurl_env = \"U\"\nsecret_env = \"S\"\n", "are both given"),
        ("name = \"a\"\nurl = \"https://x.test\"\nsecret_env = \"HELMWATCH_S\"\n", "are settings"),
        ("url = \"https://x.test\"\nsecret_env = \"S\"\n", "webhook.name"),
        (
            "name = \"a\"\nurl = \"https://x.test\"\nsecret_env = \"S\"\nattempts_max = 0\n",
            "webhook.attempts_max of \"a\": 0",
        ),
        ("name = \"a\"\nurl = \"https://x.test\"\nsecret_env = \"S\"\nevents = [\"approval.lost\"]\n", "approval.lost"),
        ("name = \"a\"\nurls = \"https://x.test\"\n", "urls"),
    ] {
        let error = load(&hook(lines)).unwrap_err();
        assert!(error.to_string().contains(word), "{word} in {error}");
        assert_eq!(error.to_string().lines().count(), 2, "{error}");
        assert!(!error.to_string().contains(&SECRET[6..]), "{error}");
    }
    assert!(load(&format!("{good}{good}")).unwrap_err().to_string().contains("no name of its own"));
}
