"""The demo company lives in Israel and keeps its books in shekels."""

company = env.company  # noqa: F821 - the shell's
company.write(
    {
        "name": "Tavor Software Ltd",
        "street": "20 HaTa'asiya St",
        "city": "Yokneam Illit",
        "country_id": env.ref("base.il").id,  # noqa: F821
        "email": "billing@tavor.example",
        "currency_id": env.ref("base.ILS").id,  # noqa: F821
    }
)
company.partner_id.tz = "Asia/Jerusalem"
env.ref("base.ILS").active = True  # noqa: F821
env.ref("base.EUR").write(  # noqa: F821
    {
        "active": True,
        "rate_ids": [(0, 0, {"name": "2020-01-01", "rate": 0.2475})],
    }
)
env.ref("base.user_admin").write(  # noqa: F821
    {"name": "Noa Levi", "tz": "Asia/Jerusalem"}
)
env.cr.commit()  # noqa: F821
