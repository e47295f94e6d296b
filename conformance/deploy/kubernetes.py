"""deploy/k8s: each overlay rendered by kustomize, by the schemas of Kubernetes and KEDA, and by what no schema knows."""

import json
import subprocess

import jsonschema
import yaml
from checks import CACHE, ROOT, WORK, check, config_check, counted, equal

KEDA = {"ScaledObject": "scaledobjects", "TriggerAuthentication": "triggerauthentications"}
# What docs/deploy.md has the operator put into ttai-secrets.
SECRETS = {"store-url", "mcp-token", "anthropic-api-key", "temporal-api-key"}
WORKER_STOPS_WITHIN = 10


def strict(schema: object) -> object:
    """The API server prunes an unknown field in silence; here it is an error."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and "x-kubernetes-preserve-unknown-fields" not in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def keda_schemas() -> dict[str, object]:
    schemas = {}
    for kind, plural in KEDA.items():
        crd = yaml.safe_load((CACHE / f"keda/keda.sh_{plural}.yaml").read_text())
        schema = strict(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        schemas[kind] = schema
    return schemas


def scaler(kind: str) -> dict[str, dict]:
    scalers = json.loads((CACHE / "keda/scalers-schema.json").read_text())["scalers"]
    return {p["name"]: p for s in scalers if s["type"] == kind for p in s["parameters"]}


def named(objects: list[dict], kind: str) -> dict[str, dict]:
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


def fits(selector: dict, labels: dict) -> bool:
    return selector["matchLabels"].items() <= labels.items()


def pod_of(workload: dict) -> dict:
    return workload["spec"]["template"]["spec"]


def variables(container: dict, objects: list[dict]) -> dict[str, str]:
    maps = named(objects, "ConfigMap")
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            found |= maps[source["configMapRef"]["name"]]["data"]
    for one in container.get("env", []):
        found[one["name"]] = one.get("value", f"secret-of-{one['name'].lower()}")
    return found


def hardened(name: str, pod: dict) -> None:
    own, container = pod["securityContext"], pod["containers"][0]["securityContext"]
    held = (own["runAsNonRoot"], own["seccompProfile"]["type"], container["readOnlyRootFilesystem"],
            container["allowPrivilegeEscalation"], container["capabilities"]["drop"], pod["automountServiceAccountToken"])
    equal(f"{name}: hardened", held, (True, "RuntimeDefault", True, False, ["ALL"], False))
    check(f"{name}: not by root", own["runAsUser"] >= 1000)


def of_secret(name: str, container: dict) -> None:
    for one in container.get("env", []):
        reference = one.get("valueFrom", {}).get("secretKeyRef")
        if reference:
            known = reference["name"] == "ttai-secrets" and reference["key"] in SECRETS
            check(f"{name}: {one['name']} comes from ttai-secrets", known, reference)
        else:
            check(f"{name}: {one['name']} is no secret in clear", not one["name"].endswith(("_KEY", "_SECRET", "_TOKEN", "_URL")))


def workers(objects: list[dict]) -> None:
    deployments = named(objects, "Deployment")
    equal("a Deployment for each queue, and MCP", set(deployments), {"ttai-analysis", "ttai-background", "ttai-streaming", "ttai-mcp"})
    for name, deployment in deployments.items():
        pod = pod_of(deployment)
        container = pod["containers"][0]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        others = [o["spec"]["template"]["metadata"]["labels"] for n, o in deployments.items() if n != name]
        selector = deployment["spec"]["selector"]
        check(f"{name}: selects its own pods and no other's", fits(selector, labels) and not any(fits(selector, o) for o in others))
        budgets = [n for n, o in named(objects, "PodDisruptionBudget").items() if fits(o["spec"]["selector"], labels)]
        equal(f"{name}: one disruption budget", budgets, [name])
        equal(f"{name}: resources", container["resources"], {"requests": {"cpu": "250m", "memory": "512Mi"},
                                                             "limits": {"cpu": "1000m", "memory": "2Gi"}})
        check(f"{name}: longer to end than it takes", pod["terminationGracePeriodSeconds"] > WORKER_STOPS_WITHIN)
        ports = {p["name"] for p in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asks = container[probe].get("httpGet") or container[probe]["tcpSocket"]
            check(f"{name}: {probe} asks a port that is open", asks["port"] in ports)
        if name == "ttai-mcp":
            continue
        equal(f"{name}: polls its queue", variables(container, objects)["TEMPORAL_TASK_QUEUE"], name.removeprefix("ttai-") + "-queue")
        equal(f"{name}: probes", [container[p]["httpGet"]["path"] for p in ("livenessProbe", "readinessProbe")], ["/healthz", "/readyz"])
    service = named(objects, "Service")["ttai-mcp"]
    check("the service of MCP finds its pods", service["spec"]["selector"].items() <= deployments["ttai-mcp"]["spec"]["template"]["metadata"]["labels"].items())


def scalers(objects: list[dict]) -> None:
    deployments, parameters = named(objects, "Deployment"), scaler("temporal")
    scaled = named(objects, "ScaledObject")
    equal("what is scaled by its backlog: never streaming", {o["spec"]["scaleTargetRef"]["name"] for o in scaled.values()},
          {"ttai-analysis", "ttai-background"})
    reason = (ROOT / "deploy/k8s/base/streaming/kustomization.yaml").read_text()
    check("the manifest says why", "Never scaled by the backlog" in reason)
    for name, one in scaled.items():
        target = deployments[one["spec"]["scaleTargetRef"]["name"]]
        check(f"{name}: no apply sets the replicas back", "replicas" not in target["spec"])
        (trigger,) = one["spec"]["triggers"]
        own = variables(pod_of(target)["containers"][0], objects)
        equal(f"{name}: looks at the queue that its workers poll", trigger["metadata"]["taskQueue"], own["TEMPORAL_TASK_QUEUE"])
        equal(f"{name}: in their namespace", trigger["metadata"]["namespace"], own["TEMPORAL_NAMESPACE"])
        for key in trigger["metadata"]:
            known = key in parameters and "deprecated" not in parameters[key] and parameters[key].get("metadataVariableReadable")
            check(f"{name}: the scaler knows {key}", known, parameters.get(key))
        needed = {n for n, p in parameters.items() if not p.get("optional") and "default" not in p and "deprecated" not in p}
        check(f"{name}: the scaler has what it needs", needed <= set(trigger["metadata"]), needed)
        if "authenticationRef" in trigger:
            reference = named(objects, "TriggerAuthentication")[trigger["authenticationRef"]["name"]]["spec"]["secretTargetRef"]
            check(f"{name}: authenticates by a parameter of the scaler",
                  all(parameters[r["parameter"]].get("triggerAuthenticationVariableReadable") and r["key"] in SECRETS for r in reference))


def policies(objects: list[dict]) -> None:
    pods = [w["spec"]["template"]["metadata"]["labels"] for w in objects if w["kind"] in ("Deployment", "Job")]
    all_policies = named(objects, "NetworkPolicy")
    for name, policy in all_policies.items():
        check(f"network policy {name}: it is about ttai's pods", any(fits(policy["spec"]["podSelector"], labels) for labels in pods))
    base = all_policies["ttai"]["spec"]
    check("every pod of ttai is closed by default", all(fits(base["podSelector"], labels) for labels in pods) and base["ingress"] == [])
    dns = base["egress"][0]["to"][0]["podSelector"]["matchLabels"]
    equal("names are asked of the cluster's DNS", dns, {"k8s-app": "kube-dns"})
    to_anywhere = [b["ipBlock"] for p in all_policies.values() for rule in p["spec"].get("egress", []) for b in rule["to"]
                   if b.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"]
    check("nothing leads to the metadata of the cloud", all("169.254.0.0/16" in block["except"] for block in to_anywhere))


def overlay(name: str, schemas: dict[str, object]) -> None:
    folder = ROOT / "deploy/k8s/overlays" / name
    done = subprocess.run(["kustomize", "build", folder], capture_output=True, text=True)
    check(f"kustomize build {name}", done.returncode == 0 and not done.stderr, done.stderr)
    objects = list(yaml.safe_load_all(done.stdout))
    native = [o for o in objects if o["kind"] not in schemas]
    file = WORK / f"{name}.yaml"
    file.write_text("---\n".join(yaml.safe_dump(o) for o in native))
    done = subprocess.run(["kubernetes-validate", "--strict", file], capture_output=True, text=True)
    check(f"kubernetes-validate --strict, {len(native)} objects", done.returncode == 0, done.stdout + done.stderr)
    for one in objects:
        if one["kind"] in schemas:
            errors = [e.message for e in jsonschema.Draft202012Validator(schemas[one["kind"]]).iter_errors(one)]
            check(f"KEDA's {one['kind']} {one['metadata']['name']}", not errors, errors)
    images = {c["image"] for w in objects if w["kind"] in ("Deployment", "Job") for c in pod_of(w)["containers"]}
    check("one image, with a version", len(images) == 1 and "latest" not in images.copy().pop(), images)
    accounts = named(objects, "ServiceAccount")
    for workload in (o for o in objects if o["kind"] in ("Deployment", "Job")):
        which = workload["metadata"]["name"]
        pod = pod_of(workload)
        hardened(which, pod)
        check(f"{which}: its account is there", pod["serviceAccountName"] in accounts)
        of_secret(which, pod["containers"][0])
        code, said = config_check(variables(pod["containers"][0], objects) | {"TTAI_STORE_URL": "postgres://ttai:secret@db:5432/ttai"})
        check(f"{which}: ttai config check", code == 0 and "warning" not in said, said)
    equal("jobs", set(named(objects, "Job")), {"ttai-migrate", "ttai-schedules"})
    workers(objects)
    scalers(objects)
    policies(objects)


def main() -> None:
    schemas = keda_schemas()
    wrong = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {}, "spec": {"triggers": [], "scaleTarget": {}}}
    check("a misspelt field of KEDA's would be noticed", list(jsonschema.Draft202012Validator(schemas["ScaledObject"]).iter_errors(wrong)))
    for name in ("self-hosted", "cloud"):
        print(f"   {name}")
        overlay(name, schemas)


with counted("kubernetes"):
    main()
