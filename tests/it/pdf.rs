//! The toolset `pdf`: a file that is one, within its limit.

use serde_json::json;

use crate::room::{Room, section};

#[tokio::test]
async fn a_page_is_printed_to_a_file_and_one_that_is_too_large_is_not() {
    let room = Room::with(|options| options.config("[files]\nfile_bytes_max = 100000\n")).await;
    let agent = room.agent_with("agent", "pdf").await;
    agent.goto(&room.site.url("/form")).await;
    let printed = agent.ok("browser_pdf_save", json!({ "filename": "form.pdf" })).await;
    assert!(section(&printed.text, "Result").starts_with("- [Page as pdf](form.pdf) http"), "{}", printed.text);
    assert!(printed.text.contains("await page.pdf({ path: 'form.pdf' });"), "{}", printed.text);
    let small = room.file(&printed).await;
    assert!(small.starts_with(b"%PDF-") && small.trim_ascii_end().ends_with(b"%%EOF"), "{} bytes", small.len());
    let pages = |pdf: &[u8]| pdf.windows(12).filter(|window| window.starts_with(b"/Type /Page\n")).count();
    assert_eq!(pages(&small), 1);
    agent.goto(&room.site.url("/list")).await;
    let large = agent.call("browser_pdf_save", json!({})).await;
    assert!(large.is_error && large.text.contains("a file may have 100000"), "{}", large.text);
    agent.goto(&room.site.url("/form")).await;
    let printed = agent.ok("browser_pdf_save", json!({})).await;
    assert!(section(&printed.text, "Result").starts_with("- [Page as pdf](page-20"), "{}", printed.text);
    assert_eq!(pages(&room.file(&printed).await), 1, "the session goes on");
    room.close().await;
}
