"""Every address of results and who answers it."""

from aiohttp import web

from reports.page.results import runs, workbooks

RESULTS = (
    web.get("/reports", workbooks.reports),
    web.get("/reports/{sha256}", workbooks.show),
    web.get("/reports/{sha256}/download", workbooks.download),
    web.get("/reports/{sha256}/signed", workbooks.signed_copy),
    web.post("/reports/{sha256}/verify", workbooks.verify),
    web.post("/reports/{sha256}/sign", workbooks.sign),
    web.post("/reports/{sha256}/journal", workbooks.export_journal),
    web.get("/runs", runs.runs),
    web.post("/runs", runs.start),
    web.get("/runs/compare", runs.compare),
    web.get(r"/runs/{run_id:\d{1,15}}", runs.show),
    web.get("/runs/{ticket}", runs.progress),
    web.post("/runs/{ticket}/cancel", runs.cancel),
    web.get("/settlement", workbooks.settlement),
)
