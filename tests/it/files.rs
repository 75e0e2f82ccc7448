//! Files of a session: made by tools, fetched by link, given by upload.

use serde_json::json;

use crate::room::{Room, section};

#[tokio::test]
async fn a_kept_picture_is_fetched_by_its_link_and_by_no_other() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let kept = agent.ok("browser_take_screenshot", json!({ "filename": "../form.png" })).await;
    let line = section(&kept.text, "Result");
    assert!(line.starts_with("- [Screenshot of viewport](form.png) http"), "{line}");
    assert!(kept.images.is_empty(), "a file takes the picture's place");
    let url = line.rsplit(' ').next().unwrap().to_owned();
    let (status, headers, body) = room.service.fetch(&url, None).await.unwrap();
    assert_eq!((status, headers["content-type"].as_str(), &body[1..4]), (200, "image/png", b"PNG".as_slice()));
    // Altered in any part, it opens nothing.
    let (status, ..) = room.service.fetch(&url.replace("form.png", "other.png"), None).await.unwrap();
    assert_eq!(status, 403);
    let (status, ..) = room.service.fetch(&url.replace("until=1", "until=2"), None).await.unwrap();
    assert_eq!(status, 403);
    let plain = url.split('?').next().unwrap();
    assert_eq!(room.service.fetch(plain, None).await.unwrap().0, 401, "without a link it takes a key");
    assert_eq!(room.service.fetch(plain, Some(room.service.admin_key())).await.unwrap().0, 200);
    room.close().await;
}

#[tokio::test]
async fn an_upload_is_listed_and_given_back_as_it_came() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let admin = room.service.admin_key().to_owned();
    let (_, sessions) = room.service.api("GET", "/v1/sessions", Some(&admin), None).await.unwrap();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let files = format!("/v1/sessions/{id}/files");
    let body = "a,b\n1,2\n".repeat(50_000).into_bytes();
    let (status, made) =
        room.service.upload(&format!("{files}?name=..%2Fdata.csv"), &admin, "text/csv", body.clone()).await.unwrap();
    assert_eq!((status, made["name"].as_str()), (201, Some("data.csv")), "{made}");
    let (status, list) = room.service.api("GET", &files, Some(&admin), None).await.unwrap();
    assert_eq!((status, list["files"][0]["bytes"].as_u64()), (200, Some(body.len() as u64)), "{list}");
    let (status, headers, got) = room.service.fetch(made["url"].as_str().unwrap(), None).await.unwrap();
    assert_eq!((status, got == body), (200, true));
    assert!(headers["content-disposition"].starts_with("attachment"), "nothing of a page's runs under our origin");
    let (status, refused) = room.service.upload(&files, &admin, "text/csv", b"x".to_vec()).await.unwrap();
    assert_eq!((status, refused["code"].as_str()), (400, Some("no_name")), "{refused}");
    let stranger = room.service.create_key("stranger", &["agent"], Some("elsewhere")).await.unwrap();
    let (status, _) =
        room.service.upload(&format!("{files}?name=x"), &stranger, "text/csv", b"x".to_vec()).await.unwrap();
    assert_eq!(status, 404, "another tenant's session reads like an unknown one");
    room.close().await;
}
