"""A little of everything that a program can ask of the engine."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
broken = config.require("broken")
columns: list[str] = config.require_object("columns")

here = aws.get_caller_identity()
ireland = aws.Provider("ireland", region="eu-west-1")


class Domain(pulumi.ComponentResource):
    """A database with a bucket under it."""

    def __init__(self, name: str) -> None:
        super().__init__("sample:lake:Domain", name)
        below = pulumi.ResourceOptions(parent=self)
        renamed = pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name="old-sales")])
        self.bucket = aws.s3.Bucket("raw", opts=below)
        uri = self.bucket.bucket.apply(lambda bucket: f"s3://{bucket}/sales/")
        self.database = aws.glue.CatalogDatabase("sales", name="Sales", location_uri=uri, opts=renamed)
        self.register_outputs({"database": self.database.name})


domain = Domain("sales")
analyst = aws.iam.Role("analyst", name="analyst", assume_role_policy="{}", description=config.require("leading"))
tag = aws.lakeformation.LfTag("pii", key="pii", values=["none", "high"])

for number in range(config.require_int("tables")):
    table = aws.glue.CatalogTable(
        f"orders{number}",
        name=f"orders{number}",
        database_name=domain.database.name,
        table_type="EXTERNAL_TABLE",
        retention=5,
        parameters={"classification": "parquet", "apiToken": pulumi.Output.secret("hush")},
        storage_descriptor={"columns": [{"name": name, "type": "string"} for name in columns]},
        opts=pulumi.ResourceOptions(protect=True, ignore_changes=["parameters"]),
    )
    aws.lakeformation.Permissions(
        f"analyst-orders{number}",
        principal=analyst.arn,
        permissions=["SELECT"],
        table_with_columns={
            "database_name": table.database_name,
            "name": table.name,
            "wildcard": True,
            "excluded_column_names": ["salary"],
        },
    )

aws.glue.CatalogDatabase("abroad", opts=pulumi.ResourceOptions(provider=ireland))
domain.database.id.apply(lambda made: aws.lakeformation.LfTag("late", key="late", values=[f"for {made}"]))

if broken == "duplicate":
    aws.lakeformation.LfTag("pii", key="again", values=["x"])
if broken == "raise":
    raise ValueError("permission `SELET` is not one of SELECT, DESCRIBE")
if broken == "type":
    aws.sqs.Queue("queue")
if broken == "argument":
    aws.lakeformation.LfTag("odd", keys="odd")  # type: ignore[call-overload]
if broken == "log":
    pulumi.log.error("the owner is missing")
if broken == "exit":
    raise SystemExit(7)
if broken == "refused":
    aws.glue.CatalogTable("orphan", name="orphan", database_name="nowhere")
if broken == "function":
    pulumi.export("zones", aws.get_availability_zones().names)
if broken == "transform":

    def labelled(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        """Describe and protect every database."""
        if args.type_ != "aws:glue/catalogDatabase:CatalogDatabase":
            return None
        options = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
        return pulumi.ResourceTransformResult({**args.props, "description": "told"}, options)

    pulumi.runtime.register_resource_transform(labelled)
    aws.glue.CatalogDatabase("after", name="after")
if broken == "get":
    legacy = aws.glue.CatalogDatabase.get("legacy", "111122223333:legacy")
    pulumi.export("legacy", legacy.description)

pulumi.export("database", domain.database.name)
pulumi.export("account", here.account_id)
pulumi.export("token", pulumi.Output.secret("hush"))
