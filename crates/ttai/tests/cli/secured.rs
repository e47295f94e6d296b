//! The same binary at a server with client certificates, and at one that wants an API key; and what it says where something is set wrong.

use std::process::Command;

use anyhow::Context;
use ttai_dev_server::{DevServer, DevServerOptions};

use crate::gate::{Authority, Certified, FORBIDDEN, Gate, Wanted, tls};
use crate::home::{Answer, Home, Process};

/// A year in which certificates are good, and one in which they were.
const GOOD_UNTIL: i32 = 2099;
const EXPIRED: i32 = 2020;
const HERE: &[&str] = &["localhost", "127.0.0.1"];

/// A home with a development server, and files for certificates.
struct Desk {
    home: Home,
    server: DevServer,
}

impl Desk {
    async fn new() -> anyhow::Result<Self> {
        let home = Home::new().await?;
        let mut options = DevServerOptions::ephemeral(home.path("server"));
        options.locate.binary = Some(home.temporal.clone());
        Ok(Self { server: DevServer::start(options).await?, home })
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let path = self.home.path(name);
        std::fs::write(&path, text)?;
        path.to_str().map(str::to_owned).context("a path that is text")
    }

    /// `ttai` at an address with these variables of Temporal's.
    fn command(&self, arguments: &[&str], address: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = self.home.command(arguments);
        command.env("TEMPORAL_ADDRESS", address).envs(variables.iter().copied());
        command
    }

    fn run(&self, arguments: &[&str], address: &str, variables: &[(&str, &str)]) -> anyhow::Result<Answer> {
        Process::start(self.command(arguments, address, variables))?.finish()
    }

    /// What is said against a connection so.
    fn refusal(&self, address: &str, variables: &[(&str, &str)]) -> anyhow::Result<String> {
        Ok(self.run(&["list"], address, variables)?.expect(3)?.stderr)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificates_are_renewed_while_a_worker_runs() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let (ours, first, second) =
        (Authority::new("server")?, Authority::new("first")?, Authority::new("second")?);
    let own = ours.certify(HERE, GOOD_UNTIL)?;
    let wanting =
        |clients: &Authority| anyhow::Ok(Wanted { tls: Some(tls(&own, Some(clients))?), api_key: None });
    let gate = Gate::before(&desk.server.address(), wanting(&first)?).await?;
    let ca = desk.write("ca.pem", &ours.certificate)?;
    let show = |client: &Certified| {
        anyhow::Ok((desk.write("client.pem", &client.certificate)?, desk.write("client.key", &client.key)?))
    };
    let (certificate, key) = show(&first.certify(&[], GOOD_UNTIL)?)?;
    let variables = [
        ("TEMPORAL_TLS", "true"),
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", ca.as_str()),
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", certificate.as_str()),
        ("TEMPORAL_TLS_CLIENT_KEY_PATH", key.as_str()),
    ];
    let worker = Process::start(desk.command(&["worker"], &gate.address, &variables))?;
    let analyze = ["analyze", "NVDA", "--json"];
    desk.run(&analyze, &gate.address, &variables)?.expect(0)?;

    // From now on only the second authority's clients are let in, and every connection is new.
    show(&second.certify(&[], GOOD_UNTIL)?)?;
    gate.want(wanting(&second)?);
    desk.run(&analyze, &gate.address, &variables)?.expect(0)?;

    // Half a renewal is no reason to stop.
    desk.write("client.pem", "half of it")?;
    gate.want(wanting(&second)?);
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;
    desk.server.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_opens_the_server() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let ours = Authority::new("server")?;
    let own = ours.certify(HERE, GOOD_UNTIL)?;
    let wanted = Wanted { tls: Some(tls(&own, None)?), api_key: Some("open-sesame".to_owned()) };
    let gate = Gate::before(&desk.server.address(), wanted).await?;
    let ca = desk.write("ca.pem", &ours.certificate)?;
    let with_key = |key: &'static str| {
        [("TEMPORAL_TLS_SERVER_CA_CERT_PATH", ca.clone()), ("TEMPORAL_API_KEY", key.to_owned())]
    };
    let variables = with_key("open-sesame");
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let worker = Process::start(desk.command(&["worker"], &gate.address, &variables))?;
    desk.run(&["analyze", "NVDA", "--json"], &gate.address, &variables)?.expect(0)?;
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;

    let wrong = with_key("wrong-key-0815");
    let wrong = wrong.each_ref().map(|(name, value)| (*name, value.as_str()));
    let said = desk.refusal(&gate.address, &wrong)?;
    assert!(
        said.contains("does not accept the credentials (invalid API key)")
            && said.contains("TEMPORAL_API_KEY"),
        "{said}"
    );
    assert!(!said.contains("0815"), "{said}");
    let forbidden = [variables[0], variables[1], ("TEMPORAL_NAMESPACE", FORBIDDEN)];
    let said = desk.refusal(&gate.address, &forbidden)?;
    assert!(said.contains("lack the permission for namespace 'forbidden' (Request unauthorized.)"), "{said}");
    let absent = [variables[0], variables[1], ("TEMPORAL_NAMESPACE", "nowhere")];
    let said = desk.refusal(&gate.address, &absent)?;
    assert!(
        said.contains("has no namespace 'nowhere'") && said.contains("temporal operator namespace create"),
        "{said}"
    );
    desk.server.stop().await?;
    Ok(())
}

/// An address, the variables with which it is called, and a part of what is said then.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_certificate_has_its_own_message() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let (ours, other) = (Authority::new("server")?, Authority::new("other")?);
    let address = desk.server.address();
    let gate = async |own: &Certified, clients: Option<&Authority>| {
        Gate::before(&address, Wanted { tls: Some(tls(own, clients)?), api_key: None }).await
    };
    let good = gate(&ours.certify(HERE, GOOD_UNTIL)?, None).await?;
    let expired = gate(&ours.certify(HERE, EXPIRED)?, None).await?;
    let elsewhere = gate(&ours.certify(&["temporal.example"], GOOD_UNTIL)?, None).await?;
    let exclusive = gate(&ours.certify(HERE, GOOD_UNTIL)?, Some(&ours)).await?;
    let ca = desk.write("ca.pem", &ours.certificate)?;
    let other_ca = desk.write("other.pem", &other.certificate)?;
    let stranger = other.certify(&[], GOOD_UNTIL)?;
    let (certificate, key) =
        (desk.write("client.pem", &stranger.certificate)?, desk.write("client.key", &stranger.key)?);
    let trusting = |ca: &'static str| [("TEMPORAL_TLS", "true"), ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", ca)];
    let (ca, other_ca): (&'static str, &'static str) = (ca.leak(), other_ca.leak());
    let by_certificate = [
        trusting(ca)[0],
        trusting(ca)[1],
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", certificate.as_str()),
        ("TEMPORAL_TLS_CLIENT_KEY_PATH", key.as_str()),
    ];
    let cases: [Case<'_>; 7] = [
        (
            &good.address,
            &trusting(other_ca),
            "not signed by an authority that is trusted here; set TEMPORAL_TLS_SERVER_CA_CERT_PATH",
        ),
        (&expired.address, &trusting(ca), "its certificate has expired"),
        (
            &elsewhere.address,
            &trusting(ca),
            "for another name; address it by that name, or set TEMPORAL_TLS_SERVER_NAME",
        ),
        (&exclusive.address, &trusting(ca), "a client certificate; set TEMPORAL_TLS_CLIENT_CERT_PATH"),
        (&exclusive.address, &by_certificate, "not accept the client certificate"),
        (&address, &trusting(ca), "it does not speak TLS"),
        (
            &good.address,
            &[("TEMPORAL_TLS", "true"), ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/nowhere.pem")],
            "/nowhere.pem",
        ),
    ];
    for (at, variables, part) in cases {
        let said = desk.refusal(at, variables)?;
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    desk.server.stop().await?;
    Ok(())
}
