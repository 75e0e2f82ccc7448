//! The ground the other tests stand on, checked without the service: sites, pages and the person's browser.

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::docs::Docs;
use helmwatch_tests::processes::Process;
use helmwatch_tests::site::Site;

#[tokio::test]
async fn a_persons_click_is_trusted_and_the_site_sees_what_was_sent() {
    let site = Site::start().await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let page = Page::open(&chromium.connection()).await.unwrap();
    page.goto(&site.url("/form")).await.unwrap();
    page.evaluate("document.querySelector('[name=name]').focus()").await.unwrap();
    page.insert("Ada").await.unwrap();
    page.click_named("Greet").await.unwrap();
    page.when("document.getElementById('answer').textContent === 'Hello, Ada'").await.unwrap();
    page.goto(&site.url("/shop")).await.unwrap();
    page.click_named("Buy now").await.unwrap();
    page.when("document.title === 'Bought'").await.unwrap();
    let bought = site.seen("POST", "/buy");
    assert_eq!(bought.len(), 1);
    assert_eq!(bought[0].body, "item=lamp&count=1");
    page.goto(&site.url("/frames")).await.unwrap();
    for who in ["same", "cross"] {
        let inner = site.seen("GET", "/inner");
        assert!(inner.iter().any(|seen| seen.query == format!("who={who}")), "{inner:?}");
    }
    page.goto(&site.url("/moving")).await.unwrap();
    page.when("document.querySelector('button').getBoundingClientRect().left === 500").await.unwrap();
    page.close().await.unwrap();
    chromium.close().await.unwrap();
}

#[tokio::test]
async fn the_persons_browser_keeps_its_sandbox_and_leaves_nothing() {
    let chromium = Chromium::launch().await.unwrap();
    let page = Page::open(&chromium.connection()).await.unwrap();
    page.goto("about:blank").await.unwrap_or_else(|fault| panic!("{fault}"));
    let tree = Process::of(chromium.pid().unwrap()).unwrap().tree();
    assert!(tree.len() >= 3, "browser, zygote, renderer");
    for process in &tree {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid)).unwrap_or_default();
        assert!(!status.contains("\nUid:\t0"), "{} runs as root", process.command());
        assert!(!process.command().contains("--no-sandbox"), "{}", process.command());
    }
    page.close().await.unwrap();
    chromium.close().await.unwrap();
    let gone = helmwatch_tests::wait::until("the end of all its processes", crate::room::SOON, async || {
        tree.iter().all(|process| !process.alive()).then_some(())
    });
    gone.await.unwrap();
}

#[tokio::test]
async fn documentation_is_served_with_its_scripts_and_nothing_else_is() {
    let docs = Docs::start().await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let page = Page::open(&chromium.connection()).await.unwrap();
    page.goto(&docs.url("/sqlite/index.html")).await.unwrap();
    page.when("[...document.links].some((link) => link.textContent === 'About')").await.unwrap();
    page.goto(&docs.url("/python/search.html?q=asyncio")).await.unwrap();
    page.when("document.body.innerText.includes('Search finished')").await.unwrap();
    page.goto(&docs.url("/sqlite/../../../../etc/passwd")).await.unwrap();
    let text = page.evaluate("document.body.innerText").await.unwrap();
    assert!(!text.as_str().unwrap_or_default().contains("root:"), "{text}");
    page.close().await.unwrap();
    chromium.close().await.unwrap();
}
