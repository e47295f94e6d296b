//! `ttai mcp`'s process: the server that it works at, and what the MCP server needs of the binary.

mod desk;
mod issuer;
mod keeper;

pub(crate) use desk::ProcessDesk;
pub(crate) use issuer::Issuer;
pub(crate) use keeper::ServerKeeper;
