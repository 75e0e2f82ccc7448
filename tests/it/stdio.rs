//! `helmwatch mcp`: the same for one local agent, over standard input and output.

use helmwatch_tests::processes::Process;
use helmwatch_tests::service::executable;
use helmwatch_tests::site::Site;
use serde_json::json;

use crate::agent::Agent;

#[tokio::test]
async fn a_local_agent_browses_over_stdio_in_both_eras_and_leaves_nothing() {
    for mode in ["auto", "legacy"] {
        let site = Site::start().await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let program = executable().unwrap();
        let (program, folder, allowed) = (program.to_str().unwrap(), data.path().to_str().unwrap(), site.address());
        let mut agent =
            Agent::over_stdio(mode, &[program, "mcp", "--data-dir", folder, "--egress-allow", &allowed]).await;
        let me = Process::of(std::process::id().cast_signed()).unwrap();
        let names: Vec<String> =
            agent.tools().await.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
        assert!(names.iter().any(|name| name == "browser_live_view"), "{names:?}");
        agent.ok("browser_navigate", json!({ "url": site.url("/form") })).await;
        let page = agent.ok("browser_snapshot", json!({})).await;
        let field = page.find_ref(&["textbox", "Name"]).unwrap_or_else(|| panic!("{}", page.text));
        agent.ok("browser_type", json!({ "target": field, "text": "Ada" })).await;
        let button = page.find_ref(&["button", "Greet"]).unwrap();
        let greeted = agent.ok("browser_click", json!({ "target": button })).await;
        assert!(greeted.text.contains("Hello, Ada"), "{}", greeted.text);
        let link = agent.ok("browser_live_view", json!({})).await;
        assert!(link.text.contains("http://127.0.0.1:"), "a person can look: {}", link.text);
        let children = me.tree();
        agent.close().await;
        let gone = helmwatch_tests::wait::until("the end of all it started", crate::room::SOON, async || {
            children.iter().all(|one| *one == me || !one.alive()).then_some(())
        });
        gone.await.unwrap();
    }
}
