pub const SOURCE: &str = "";
