//! The HTTP contract, as a script author meets it.

use helmwatch_tests::service::{clean_environment, executable};
use serde_json::json;
use tokio::process::Command;

use crate::room::{Room, section};

#[tokio::test]
async fn a_session_opened_over_http_is_listed_used_and_closed() {
    let room = Room::open().await;
    let key = room.service.create_key("script", &["agent", "view"], None).await.unwrap();
    let body = json!({ "name": "scripted", "url": room.site.url("/form"), "width": 900, "height": 700 });
    let (status, opened) = room.service.api("POST", "/v1/sessions", Some(&key), Some(body)).await.unwrap();
    assert_eq!(status, 201, "{opened}");
    let id = opened["id"].as_str().unwrap().to_owned();
    let agent = room.hand(&key).await;
    let title = agent
        .ok(
            "browser_evaluate",
            json!({ "session": "scripted", "function": "() => [document.title, innerWidth, innerHeight].join()" }),
        )
        .await;
    assert_eq!(section(&title.text, "Result"), "\"Form,900,700\"");
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(&key), None).await.unwrap();
    let listed = &list["sessions"][0];
    assert_eq!((listed["id"].as_str(), listed["title"].as_str()), (Some(id.as_str()), Some("Form")), "{list}");
    let path = format!("/v1/sessions/{id}");
    let (status, _) = room.service.api("DELETE", &path, Some(&key), None).await.unwrap();
    assert!((200..300).contains(&status), "{status}");
    assert_eq!(room.service.api("GET", &path, Some(&key), None).await.unwrap().0, 404);
    agent.refused("browser_snapshot", json!({ "session": id })).await;
    room.close().await;
}

#[tokio::test]
async fn a_body_that_is_wrong_is_refused_in_two_lines_and_costs_nothing() {
    let room = Room::open().await;
    let key = room.service.admin_key();
    for (method, path, body) in [
        ("POST", "/v1/sessions", json!({ "colour": "red" })),
        ("POST", "/v1/sessions", json!({ "width": -5 })),
        ("POST", "/v1/sessions", json!([])),
        ("POST", "/v1/sessions", json!({ "url": "file:///etc/passwd" })),
        ("PATCH", "/v1/pool", json!({ "max_sessions": "many" })),
        ("PATCH", "/v1/pool", json!({ "max_sessions": 1_000_000 })),
        ("PATCH", "/v1/pool", json!({ "ceiling": 1 })),
        ("POST", "/v1/approvals/a_000000000000000000000000", json!({ "decision": "perhaps" })),
        ("POST", "/v1/approvals/a_000000000000000000000000", json!({ "decision": "approve" })),
        ("POST", "/v1/login", json!({ "key": "hw_wrong_key" })),
        ("POST", "/v1/login", json!({ "code": "wrong" })),
    ] {
        let (status, answer) = room.service.api(method, path, Some(key), Some(body.clone())).await.unwrap();
        assert!((400..500).contains(&status), "{method} {path} {body}: {status} {answer}");
        for field in ["code", "error", "hint"] {
            let text = answer[field].as_str().unwrap_or_default();
            assert!(!text.is_empty() && !text.contains('\n'), "{method} {path} {body}: {answer}");
        }
    }
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(key), None).await.unwrap();
    assert_eq!(list["sessions"], json!([]), "a refused request leaves no session");
    room.close().await;
}

#[tokio::test]
async fn the_doctor_says_of_each_thing_that_it_is_well_or_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let mut doctor = Command::new(executable().unwrap());
    clean_environment(&mut doctor);
    let output = doctor.arg("doctor").arg("--data-dir").arg(data.path()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.lines().any(|line| line.to_lowercase().contains("chromium")), "{text}");
    assert!(text.lines().any(|line| line.to_lowercase().contains("sandbox")), "{text}");
    assert!(output.status.success(), "this machine is fit, or the other tests could not run:\n{text}");
}
