import { expect, test } from "vitest";
import { approvalLink, handoffLink, loginCode, parsedRoute } from "./route";

test("a fragment is a page, and what is none is the grid", () => {
  expect(parsedRoute("#/s/s_Ab-9_x")).toEqual({ page: "session", id: "s_Ab-9_x", asked: false });
  expect(parsedRoute(handoffLink("s_Ab-9_x"))).toEqual({ page: "session", id: "s_Ab-9_x", asked: true });
  expect(parsedRoute(approvalLink("a_Ab-9_x"))).toEqual({ page: "approval", id: "a_Ab-9_x" });
  expect(parsedRoute("#/pool")).toEqual({ page: "pool" });
  for (const odd of ["", "#/", "#/s/", "#/s/a_1", "#/s/s_../x", "#/s/s_x?y", "#/s/s_x/", "#/a/s_x", "#/a/a_x/asked", "#code=abcd"]) {
    expect(parsedRoute(odd)).toEqual({ page: "grid" });
  }
});

test("only a login code is taken for one", () => {
  expect(loginCode("#code=k3Jx_9-a")).toBe("k3Jx_9-a");
  expect(loginCode("#/s/s_code=abcd")).toBeNull();
  expect(loginCode("#code=")).toBeNull();
});
