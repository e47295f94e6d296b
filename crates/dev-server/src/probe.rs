//! Asks a Temporal server whether it serves, over plain HTTP/2.
//!
//! Four small gRPC calls do not justify a gRPC stack and Temporal's generated types in this crate: the requests are a
//! few strings, and of the answers only the status matters. Wire formats: the gRPC over HTTP/2 protocol and the
//! Protocol Buffers encoding; messages: `temporal/api/workflowservice/v1/request_response.proto`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const OK: u32 = 0;
const NOT_FOUND: u32 = 5;
/// A workflow id that nothing uses.
const ABSENT_WORKFLOW: &str = "ttai-readiness-check";

/// Checks that the process behind `address` is a Temporal frontend in good health.
pub(crate) async fn health(address: &str, deadline: Duration) -> Result<(), String> {
    within(deadline, async {
        let mut connection = Connection::open(address).await?;
        connection.check_health().await
    })
    .await
}

/// Checks that a workflow can be started in `namespace`: the frontend is healthy and knows the namespace, and the
/// history and matching services behind it answer. They come up some moments after the frontend does.
pub(crate) async fn serves(address: &str, namespace: &str, deadline: Duration) -> Result<(), String> {
    within(deadline, async {
        let mut connection = Connection::open(address).await?;
        connection.check_health().await?;
        connection.check_history(namespace).await?;
        connection.check_matching(namespace).await
    })
    .await
}

async fn within(deadline: Duration, check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::time::timeout(deadline, check)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} ms", deadline.as_millis())))
}

struct Connection {
    address: String,
    requests: SendRequest<Bytes>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Status, message and body of an answer.
struct Answer {
    status: u32,
    message: String,
    body: Bytes,
}

impl Connection {
    async fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let (requests, connection) =
            h2::client::handshake(stream).await.map_err(|error| error.to_string())?;
        // The driver's own error also reaches the request that waits on it, which reports it.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { address: address.to_owned(), requests, driver })
    }

    async fn check_health(&mut self) -> Result<(), String> {
        let request = field(1, b"temporal.api.workflowservice.v1.WorkflowService");
        let answer = self.call("/grpc.health.v1.Health/Check", &request).await?;
        // HealthCheckResponse { status: SERVING } is field 1 with the value 1.
        match (answer.status, answer.body.as_ref()) {
            (OK, [8, 1]) => Ok(()),
            (OK, _) => Err("the frontend is not serving yet".to_owned()),
            _ => Err(answer.describe("health check")),
        }
    }

    async fn check_history(&mut self, namespace: &str) -> Result<(), String> {
        let execution = field(1, ABSENT_WORKFLOW.as_bytes());
        let request = [field(1, namespace.as_bytes()), field(2, &execution)].concat();
        let answer = self.call(&method("DescribeWorkflowExecution"), &request).await?;
        // A namespace that is not there yet has the same status as a workflow that is not; its message begins so.
        if answer.status == NOT_FOUND && !answer.message.starts_with("Namespace") {
            return Ok(());
        }
        Err(answer.describe("history service"))
    }

    async fn check_matching(&mut self, namespace: &str) -> Result<(), String> {
        let queue = field(1, ABSENT_WORKFLOW.as_bytes());
        const WORKFLOW_QUEUE: [u8; 2] = [3 << 3, 1]; // task_queue_type: TASK_QUEUE_TYPE_WORKFLOW
        let request = [field(1, namespace.as_bytes()), field(2, &queue), WORKFLOW_QUEUE.to_vec()].concat();
        let answer = self.call(&method("DescribeTaskQueue"), &request).await?;
        if answer.status == OK { Ok(()) } else { Err(answer.describe("matching service")) }
    }

    /// One unary call.
    async fn call(&mut self, path: &str, message: &[u8]) -> Result<Answer, String> {
        let text = |error: h2::Error| error.to_string();
        let request = Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .map_err(|error| error.to_string())?;
        let mut ready = self.requests.clone().ready().await.map_err(text)?;
        let (response, mut stream) = ready.send_request(request, false).map_err(text)?;
        stream.send_data(frame(message), true).map_err(text)?;
        let response = response.await.map_err(text)?;
        let headers = response.headers().clone();
        let mut body = response.into_body();
        let mut received = BytesMut::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk.map_err(text)?;
            // Nothing that is asked here has a long answer; the window is given back so that none can stall.
            body.flow_control().release_capacity(chunk.len()).map_err(text)?;
            received.extend_from_slice(&chunk);
        }
        let trailers = body.trailers().await.map_err(text)?.unwrap_or_default();
        Ok(Answer::read(&headers, &trailers, &received.freeze()))
    }
}

impl Answer {
    /// The status stands in the trailers, or in the headers of an answer that has no body.
    fn read(headers: &HeaderMap, trailers: &HeaderMap, body: &Bytes) -> Self {
        let text = |name| trailers.get(name).or(headers.get(name)).and_then(|value| value.to_str().ok());
        let unknown = 2; // gRPC's code for "no status came"
        Self {
            status: text("grpc-status").and_then(|status| status.parse().ok()).unwrap_or(unknown),
            message: text("grpc-message").unwrap_or_default().to_owned(),
            body: body.get(5..).map(|message| body.slice_ref(message)).unwrap_or_default(),
        }
    }

    fn describe(&self, what: &str) -> String {
        format!("{what}: gRPC status {} {}", self.status, self.message)
    }
}

fn method(name: &str) -> String {
    format!("/temporal.api.workflowservice.v1.WorkflowService/{name}")
}

/// A gRPC frame: not compressed, length in four bytes, message.
fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

/// A string or a message as a Protocol Buffers field; `number` is below 16, so its tag takes one byte.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f).try_into().unwrap_or(0x7f) | 0x80);
        length >>= 7;
    }
    bytes.push(length.try_into().unwrap_or(0x7f));
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_protocol_buffers() {
        assert_eq!(field(2, b"testing"), [0x12, 7, b't', b'e', b's', b't', b'i', b'n', b'g']);
        let long = field(1, &[b'x'; 300]);
        assert_eq!((&long[..3], long.len()), (&[0x0a, 0xac, 0x02][..], 303));
        assert_eq!(frame(b"ab").as_ref(), [0, 0, 0, 0, 2, b'a', b'b']);
    }

    #[tokio::test]
    async fn a_port_without_a_temporal_server_is_not_healthy() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream);
            }
        });
        assert!(health(&address, Duration::from_secs(10)).await.is_err());
        assert!(health("127.0.0.1:0", Duration::from_secs(10)).await.is_err());
    }
}
