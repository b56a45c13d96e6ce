"""Answers of services in JSON are tables: each shape with where it is documented, a small answer of it, and its rows."""

import json

import pytest
from attache.loaders import load
from conftest import plain

DAY = "2024-01-0{}T00:00:00".format
CASES = {}


def case(name, source, answer, columns, *rows, said=(), more=None):
    """An answer (a text is one as it is) whose table has these columns and rows; more says whether there are other pages."""
    assert source.startswith("https://") and name not in CASES
    CASES[name] = answer, columns.split("|"), [list(r) for r in rows], [said] if isinstance(said, str) else said, more


# records below a key

case("JSON with data", "https://docs.stripe.com/api/pagination",
    {"object": "list", "url": "/v1/charges", "has_more": True, "data": [{"id": "ch_1", "amount": 500, "currency": "eur"}, {"id": "ch_2", "amount": 700, "currency": "usd"}]},
    "id|amount|currency", ["ch_1", 500, "eur"], ["ch_2", 700, "usd"], said="'data'", more=True)
case("results with a count", "https://www.django-rest-framework.org/api-guide/pagination/",
    {"count": 1023, "next": "https://api.example.org/accounts/?page=5", "previous": None, "results": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}]},
    "id|name", [1, "Ann"], [2, "Ben"], said="counts 1,023", more=True)
case("OData 4", "https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html",
    {"@odata.context": "$metadata#Products", "@odata.nextLink": "Products?$skiptoken=2", "value": [{"ID": 1, "Name": "Bread", "Price": 2.5}, {"ID": 2, "Name": "Milk", "Price": 3.5}]},
    "ID|Name|Price", [1, "Bread", 2.5], [2, "Milk", 3.5], said="'value'", more=True)
case("OData 2", "https://www.odata.org/documentation/odata-version-2-0/json-format/",
    {"d": {"__count": "2", "results": [{"__metadata": {"uri": "Products(1)", "type": "P"}, "ID": 1, "Name": "Bread", "At": "/Date(1704153600000)/"}, {"__metadata": {"uri": "Products(2)", "type": "P"}, "ID": 2, "Name": "Milk", "At": "/Date(1704240000000)/"}]}},
    "ID|Name|At|__metadata.uri|__metadata.type", [1, "Bread", DAY(2), "Products(1)", "P"], [2, "Milk", DAY(3), "Products(2)", "P"], said="'d.results'")
case("Elasticsearch", "https://www.elastic.co/guide/en/elasticsearch/reference/current/search-search.html",
    {"took": 5, "timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"total": {"value": 20, "relation": "eq"}, "max_score": 1.3, "hits": [{"_index": "books", "_id": "a", "_score": 1.3, "_source": {"title": "Dune", "pages": 412}}, {"_index": "books", "_id": "b", "_score": 0.9, "_source": {"title": "Emma", "pages": 474}}]}},
    "_index|_id|_score|title|pages", ["books", "a", 1.3, "Dune", 412], ["books", "b", 0.9, "Emma", 474], said=["'hits.hits'", "took", "counts 20"], more=True)
case("buckets of Elasticsearch", "https://www.elastic.co/guide/en/elasticsearch/reference/current/search-aggregations-bucket-terms-aggregation.html",
    {"took": 2, "hits": {"total": {"value": 3, "relation": "eq"}, "max_score": None, "hits": []}, "aggregations": {"genres": {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": [{"key": "rock", "doc_count": 6, "price": {"value": 9.5}}, {"key": "jazz", "doc_count": 3, "price": {"value": 12.0}}]}}},
    "key|doc_count|price", ["rock", 6, 9.5], ["jazz", 3, 12.0], said="'aggregations.genres.buckets'")
case("Solr", "https://solr.apache.org/guide/solr/latest/query-guide/response-writers.html",
    {"responseHeader": {"status": 0, "QTime": 4, "params": {"q": "*:*"}}, "response": {"numFound": 2, "start": 0, "docs": [{"id": "x", "price": 7.5}, {"id": "y", "price": 8.5}]}},
    "id|price", ["x", 7.5], ["y", 8.5], said="'response.docs'", more=False)
case("HAL", "https://datatracker.ietf.org/doc/html/draft-kelly-json-hal",
    {"_links": {"self": {"href": "/orders"}, "next": {"href": "/orders?page=2"}}, "currentlyProcessing": 14, "_embedded": {"ea:orders": [{"_links": {"self": {"href": "/orders/1"}}, "total": 30.5, "status": "shipped"}, {"_links": {"self": {"href": "/orders/2"}}, "total": 20.5, "status": "open"}]}},
    "total|status|_links.self.href", [30.5, "shipped", "/orders/1"], [20.5, "open", "/orders/2"], said=["_embedded.ea:orders", "currentlyProcessing"], more=True)
case("JSON:API", "https://jsonapi.org/format/",
    {"jsonapi": {"version": "1.1"}, "links": {"self": "/articles"}, "data": [{"type": "articles", "id": "1", "attributes": {"title": "One", "words": 100}, "links": {"self": "/articles/1"}}, {"type": "articles", "id": "2", "attributes": {"title": "Two", "words": 150}, "links": {"self": "/articles/2"}}], "included": [{"type": "people", "id": "9", "attributes": {"name": "Dan " * 200}}, {"type": "people", "id": "8", "attributes": {"name": "Eve " * 200}}]},
    "type|id|title|words|links.self", ["articles", "1", "One", 100, "/articles/1"], ["articles", "2", "Two", 150, "/articles/2"], said=["'data'", "included"])
case("Relay's connections of GraphQL", "https://relay.dev/graphql/connections.htm",
    {"data": {"user": {"id": "4", "friends": {"totalCount": 3, "edges": [{"cursor": "a", "node": {"name": "Ann", "age": 31}}, {"cursor": "b", "node": {"name": "Ben", "age": 35}}], "pageInfo": {"hasNextPage": True, "endCursor": "b"}}}}},
    "name|age", ["Ann", 31], ["Ben", 35], said="data.user.friends.edges", more=True)
case("errors beside data of GraphQL", "https://spec.graphql.org/October2021/#sec-Response-Format",
    {"errors": [{"message": "Name for character with ID 1002 could not be fetched.", "path": ["hero"]}], "data": {"heroes": [{"id": "1000", "name": "Luke"}, {"id": "1002", "name": None}]}},
    "id|name", ["1000", "Luke"], ["1002", None], said=["data.heroes", "errors"])
case("CKAN", "https://docs.ckan.org/en/latest/maintaining/datastore.html",
    {"help": "https://example.org/help", "success": True, "result": {"include_total": True, "resource_id": "5", "fields": [{"id": "_id", "type": "int"}, {"id": "city", "type": "text"}, {"id": "people", "type": "numeric"}], "records": [{"_id": 1, "city": "Bonn", "people": "331885"}, {"_id": 2, "city": "Ulm", "people": "128928"}], "total": 2}},
    "_id|city|people", [1, "Bonn", "331885"], [2, "Ulm", "128928"], said="'result.records'", more=False)
case("World Bank", "https://datahelpdesk.worldbank.org/knowledgebase/articles/898581-api-basic-call-structure",
    [{"page": 1, "pages": 2, "per_page": 2, "total": 4}, [{"indicator": {"id": "SP.POP.TOTL", "value": "Population"}, "countryiso3code": "BRA", "date": "2023", "value": 211}, {"indicator": {"id": "SP.POP.TOTL", "value": "Population"}, "countryiso3code": "BRA", "date": "2022", "value": 210}]],
    "countryiso3code|date|value|indicator.id|indicator.value", ["BRA", "2023", 211, "SP.POP.TOTL", "Population"], ["BRA", "2022", 210, "SP.POP.TOTL", "Population"], said='"pages": 2')
case("FRED", "https://fred.stlouisfed.org/docs/api/fred/series_observations.html",
    {"realtime_start": "2024-02-01", "units": "lin", "count": 3, "offset": 0, "limit": 100000, "observations": [{"realtime_start": "2024-02-01", "date": "2024-01-01", "value": "5.25"}, {"realtime_start": "2024-02-01", "date": "2024-01-02", "value": "."}, {"realtime_start": "2024-02-01", "date": "2024-01-03", "value": "5.5"}]},
    "realtime_start|date|value", ["2024-02-01T00:00:00", DAY(1), 5.25], ["2024-02-01T00:00:00", DAY(2), None], ["2024-02-01T00:00:00", DAY(3), 5.5], said=["'observations'", "written as texts"], more=False)
case("Airtable", "https://airtable.com/developers/web/api/list-records",
    {"records": [{"id": "rec1", "createdTime": "2024-01-01T00:00:00.000Z", "fields": {"Name": "Chair", "Price": 20}}, {"id": "rec2", "createdTime": "2024-01-02T00:00:00.000Z", "fields": {"Name": "Desk"}}], "offset": "itrX/rec2"},
    "id|createdTime|Name|Price", ["rec1", "2024-01-01T00:00:00+00:00", "Chair", 20], ["rec2", "2024-01-02T00:00:00+00:00", "Desk", None], said="'records'", more=True)
case("Jira", "https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issue-search/",
    {"expand": "names", "startAt": 0, "maxResults": 2, "total": 7, "issues": [{"id": "1", "key": "A-1", "self": "https://example.org/1", "fields": {"summary": "Crash", "status": {"name": "Open"}, "priority": {"name": "High"}}}, {"id": "2", "key": "A-2", "self": "https://example.org/2", "fields": {"summary": "Typo", "status": {"name": "Done"}, "priority": {"name": "Low"}}}]},
    "id|key|self|summary|status.name|priority.name", ["1", "A-1", "https://example.org/1", "Crash", "Open", "High"], ["2", "A-2", "https://example.org/2", "Typo", "Done", "Low"], said="counts 7", more=True)
case("Notion", "https://developers.notion.com/reference/property-value-object",
    {"object": "list", "has_more": False, "next_cursor": None, "results": [{"object": "page", "id": f"p{i}", "properties": {"Name": {"id": "title", "type": "title", "title": [{"type": "text", "plain_text": name}]}, "Price": {"id": "a", "type": "number", "number": price}, "Kind": {"id": "b", "type": "select", "select": {"id": "z", "name": kind, "color": "red"}}, "Due": {"id": "c", "type": "date", "date": {"start": due, "end": None, "time_zone": None}}}} for i, name, price, kind, due in [(1, "Tea", 2.5, "Drink", "2024-01-01"), (2, "Rice", 4.5, "Food", "2024-01-02")]]},
    "object|id|Name|Price|Kind|Due", ["page", "p1", "Tea", 2.5, "Drink", DAY(1)], ["page", "p2", "Rice", 4.5, "Food", DAY(2)], said="'results'", more=False)
case("GitHub's search", "https://docs.github.com/en/rest/search/search",
    {"total_count": 40, "incomplete_results": False, "items": [{"id": 1, "full_name": "a/b", "owner": {"login": "a"}, "stargazers_count": 5}, {"id": 2, "full_name": "c/d", "owner": {"login": "c"}, "stargazers_count": 9}]},
    "id|full_name|stargazers_count|owner.login", [1, "a/b", 5, "a"], [2, "c/d", 9, "c"], said="counts 40", more=True)
case("Shopify", "https://shopify.dev/docs/api/admin-rest/latest/resources/order",
    {"orders": [{"id": 450789469, "total_price": "409.94", "currency": "USD", "line_items": [{"id": 1, "quantity": 2}, {"id": 2, "quantity": 1}]}, {"id": 450789470, "total_price": "12.50", "currency": "USD", "line_items": [{"id": 3, "quantity": 1}]}]},
    "id|total_price|currency|line_items", [450789469, 409.94, "USD", [{"id": 1, "quantity": 2}, {"id": 2, "quantity": 1}]], [450789470, 12.5, "USD", [{"id": 3, "quantity": 1}]], said=["'orders'", "written as texts"])
case("Kubernetes", "https://kubernetes.io/docs/reference/using-api/api-concepts/",
    {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "10245", "continue": "ENCODED"}, "items": [{"metadata": {"name": "web-1"}, "status": {"phase": "Running"}}, {"metadata": {"name": "web-2"}, "status": {"phase": "Pending"}}]},
    "metadata.name|status.phase", ["web-1", "Running"], ["web-2", "Pending"], said="'items'", more=True)
case("FHIR", "https://hl7.org/fhir/bundle.html",
    {"resourceType": "Bundle", "type": "searchset", "total": 2, "entry": [{"fullUrl": "https://example.org/Patient/1", "resource": {"resourceType": "Patient", "id": "1", "gender": "female", "birthDate": "1970-01-01"}, "search": {"mode": "match"}}, {"fullUrl": "https://example.org/Patient/2", "resource": {"resourceType": "Patient", "id": "2", "gender": "male", "birthDate": "1980-01-02"}, "search": {"mode": "match"}}]},
    "fullUrl|resourceType|id|gender|birthDate|search.mode", ["https://example.org/Patient/1", "Patient", "1", "female", "1970-01-01T00:00:00", "match"], ["https://example.org/Patient/2", "Patient", "2", "male", "1980-01-02T00:00:00", "match"], said="'entry'", more=False)
case("CouchDB", "https://docs.couchdb.org/en/stable/api/database/bulk-api.html",
    {"total_rows": 2, "offset": 0, "rows": [{"id": "a", "key": "a", "value": {"rev": "1-x"}, "doc": {"_id": "a", "_rev": "1-x", "name": "Ann", "age": 31}}, {"id": "b", "key": "b", "value": {"rev": "1-y"}, "doc": {"_id": "b", "_rev": "1-y", "name": "Ben", "age": 35}}]},
    "id|key|_id|_rev|name|age|value.rev", ["a", "a", "a", "1-x", "Ann", 31, "1-x"], ["b", "b", "b", "1-y", "Ben", 35, "1-y"], said="'rows'", more=False)
case("Overpass", "https://wiki.openstreetmap.org/wiki/Overpass_API/Overpass_QL",
    {"version": 0.6, "generator": "Overpass API", "osm3s": {"timestamp_osm_base": "2024-01-01T00:00:00Z"}, "elements": [{"type": "node", "id": 11, "lat": 50.7, "lon": 7.1, "tags": {"amenity": "cafe"}}, {"type": "node", "id": 12, "lat": 50.8, "lon": 7.2, "tags": {"amenity": "bar"}}]},
    "type|id|lat|lon|tags.amenity", ["node", 11, 50.7, 7.1, "cafe"], ["node", 12, 50.8, 7.2, "bar"], said="'elements'")
case("features of ArcGIS", "https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/",
    {"objectIdFieldName": "OID", "geometryType": "esriGeometryPoint", "exceededTransferLimit": True, "fields": [{"name": "OID", "type": "esriFieldTypeOID", "alias": "OID"}, {"name": "KIND", "type": "esriFieldTypeString", "alias": "Kind"}], "features": [{"attributes": {"OID": 1, "KIND": "oak"}, "geometry": {"x": 7.5, "y": 50.5}}, {"attributes": {"OID": 2, "KIND": "elm"}, "geometry": {"x": 7.25, "y": 50.25}}]},
    "OID|KIND|geometry.x|geometry.y", [1, "oak", 7.5, 50.5], [2, "elm", 7.25, 50.25], said="'features'")
case("Salesforce", "https://developer.salesforce.com/docs/platform/api-rest/guide/resources-query.html",
    {"totalSize": 5, "done": False, "nextRecordsUrl": "/services/data/v60.0/query/01g-2", "records": [{"attributes": {"type": "Account", "url": "/a/1"}, "Name": "Acme", "Employees": 12}, {"attributes": {"type": "Account", "url": "/a/2"}, "Name": "Bolt", "Employees": 30}]},
    "Name|Employees|attributes.type|attributes.url", ["Acme", 12, "Account", "/a/1"], ["Bolt", 30, "Account", "/a/2"], said="counts 5", more=True)
case("AWS's command line", "https://docs.aws.amazon.com/cli/latest/reference/ec2/describe-instances.html",
    {"Reservations": [{"ReservationId": "r-1", "OwnerId": "7", "Groups": [], "Instances": [{"InstanceId": "i-1", "InstanceType": "t3.micro", "State": {"Name": "running"}, "ImageId": "ami-1", "SubnetId": "s-1", "VpcId": "v-1", "PublicIp": "198.51.100.1"}]}, {"ReservationId": "r-2", "OwnerId": "7", "Groups": [], "Instances": [{"InstanceId": "i-2", "InstanceType": "t3.large", "State": {"Name": "stopped"}, "ImageId": "ami-1", "SubnetId": "s-1", "VpcId": "v-1", "PublicIp": None}]}]},
    "ReservationId|OwnerId|InstanceId|InstanceType|ImageId|SubnetId|VpcId|PublicIp|State.Name", ["r-1", "7", "i-1", "t3.micro", "ami-1", "s-1", "v-1", "198.51.100.1", "running"], ["r-2", "7", "i-2", "t3.large", "ami-1", "s-1", "v-1", None, "stopped"], said="'Instances'")
case("BLS", "https://www.bls.gov/developers/api_signature_v2.htm",
    {"status": "REQUEST_SUCCEEDED", "responseTime": 32, "message": [], "Results": {"series": [{"seriesID": s, "data": [{"year": "2024", "period": "M02", "periodName": "February", "value": b, "footnotes": [{}]}, {"year": "2024", "period": "M01", "periodName": "January", "value": a, "footnotes": [{}]}]} for s, a, b in [("LNS1", "3.7", "3.9"), ("LNS2", "4", "4.1")]]}},
    "seriesID|year|period|periodName|value|footnotes", ["LNS1", 2024, "M02", "February", 3.9, [{}]], ["LNS1", 2024, "M01", "January", 3.7, [{}]], ["LNS2", 2024, "M02", "February", 4.1, [{}]], ["LNS2", 2024, "M01", "January", 4.0, [{}]], said=["'Results.series'", "'data'", "seriesID", "status"])
case("OpenWeather", "https://openweathermap.org/forecast5",
    {"cod": "200", "message": 0, "cnt": 2, "list": [{"dt": 1704067200, "main": {"temp": 3.5}, "weather": [{"id": 500, "main": "Rain"}]}, {"dt": 1704078000, "main": {"temp": 4.5}, "weather": [{"id": 800, "main": "Clear"}]}], "city": {"id": 1, "name": "Bonn"}},
    "dt|weather|main.temp", ["2024-01-01T00:00:00", [{"id": 500, "main": "Rain"}], 3.5], ["2024-01-01T03:00:00", [{"id": 800, "main": "Clear"}], 4.5], said=["'list'", "city"])
case("fiscal data of the Treasury", "https://fiscaldata.treasury.gov/api-documentation/",
    {"data": [{"record_date": "2024-01-01", "country": "Canada", "rate": "1.326", "year": "2024"}, {"record_date": "2024-01-02", "country": "Mexico", "rate": "16.91", "year": "2024"}], "meta": {"count": 2, "labels": {"record_date": "Record Date", "country": "Country", "rate": "Rate", "year": "Year"}, "dataTypes": {"record_date": "DATE", "country": "STRING", "rate": "NUMBER", "year": "YEAR"}, "dataFormats": {"record_date": "YYYY-MM-DD", "country": "String", "rate": "10.2", "year": "YYYY"}, "total-count": 90, "total-pages": 45}, "links": {"self": "&page=1", "next": "&page=2"}},
    "record_date|country|rate|year", [DAY(1), "Canada", 1.326, 2024], [DAY(2), "Mexico", 16.91, 2024], said=["'data'", "meta"], more=True)

# names beside rows

case("columns and rows of SQL", "https://www.elastic.co/guide/en/elasticsearch/reference/current/sql-rest-format.html",
    {"columns": [{"name": "author", "type": "text"}, {"name": "pages", "type": "short"}], "rows": [["Herbert", 604], ["Austen", 474]], "cursor": "sDXF1ZXJ5QW5kRmV0Y2gBAAAA"},
    "author|pages", ["Herbert", 604], ["Austen", 474], said=["put together", "cursor"])
case("columns and rows of SQL, by column", "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/sql-rest-columnar.html",
    {"columns": [{"name": "author", "type": "text"}, {"name": "pages", "type": "short"}], "values": [["Herbert", "Austen", "Banks"], [604, 474, None]], "cursor": "sDXF1ZXJ5QW5kRmV0Y2gBAAAA"},
    "author|pages", ["Herbert", 604], ["Austen", 474], ["Banks", None], said=["put together", "cursor"])
case("columns and rows of SQL, by column, as many as rows", "https://www.elastic.co/guide/en/elasticsearch/reference/8.19/sql-rest-columnar.html",
    {"columns": [{"name": "author", "type": "text"}, {"name": "pages", "type": "short"}], "values": [["Herbert", "Austen"], [604, 474]]},
    "author|pages", ["Herbert", 604], ["Austen", 474], said="put together")
case("pandas, split, with an index", "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.to_json.html",
    {"columns": ["a", "b"], "index": ["x", "y"], "data": [[1, 2.5], [3, 4.5]]}, "index|a|b", ["x", 1, 2.5], ["y", 3, 4.5], said="put together")
case("Socrata", "https://axibase.com/docs/axibase-collector/jobs/socrata.html",
    {"meta": {"view": {"id": "abcd-1234", "name": "Trees", "columns": [{"id": -1, "name": "sid", "dataTypeName": "meta_data", "fieldName": ":sid"}, {"id": 2, "name": "Kind", "dataTypeName": "text", "fieldName": "kind"}, {"id": 3, "name": "Height", "dataTypeName": "number", "fieldName": "height"}]}}, "data": [["row-1", "oak", "12.5"], ["row-2", "elm", "9"]]},
    "sid|Kind|Height", ["row-1", "oak", 12.5], ["row-2", "elm", 9.0], said=["put together", "meta"])
case("PxWeb", "https://www.scb.se/en/services/open-data-api/pxwebapi/",
    {"columns": [{"code": "Region", "text": "region", "type": "d"}, {"code": "Tid", "text": "year", "type": "t"}, {"code": "BE01", "text": "Population", "type": "c"}], "comments": [], "data": [{"key": ["00", "2022"], "values": ["10521556"]}, {"key": ["00", "2023"], "values": [".."]}, {"key": ["01", "2023"], "values": ["2454821"]}]},
    "region|year|Population", ["00", "2022", 10521556], ["00", "2023", None], ["01", "2023", 2454821], said="put together")
case("Google Analytics", "https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/RunReportResponse",
    {"dimensionHeaders": [{"name": "country"}, {"name": "city"}], "metricHeaders": [{"name": "activeUsers", "type": "TYPE_INTEGER"}], "rows": [{"dimensionValues": [{"value": "France"}, {"value": "Lyon"}], "metricValues": [{"value": "12"}]}, {"dimensionValues": [{"value": "Spain"}, {"value": "Vigo"}], "metricValues": [{"value": "7"}]}], "rowCount": 9, "metadata": {"currencyCode": "EUR"}, "kind": "analyticsData#runReport"},
    "country|city|activeUsers", ["France", "Lyon", 12], ["Spain", "Vigo", 7], said=["metadata", "counts 9"], more=True)
case("BigQuery", "https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults",
    {"kind": "bigquery#getQueryResultsResponse", "schema": {"fields": [{"name": "word", "type": "STRING", "mode": "NULLABLE"}, {"name": "n", "type": "INTEGER"}, {"name": "at", "type": "TIMESTAMP"}, {"name": "ok", "type": "BOOLEAN"}]}, "totalRows": "2", "jobComplete": True, "rows": [{"f": [{"v": "sea"}, {"v": "5"}, {"v": "1.7040672E9"}, {"v": "true"}]}, {"f": [{"v": "sky"}, {"v": None}, {"v": "1.7041536E9"}, {"v": "false"}]}]},
    "word|n|at|ok", ["sea", 5, DAY(1), True], ["sky", None, DAY(2), False], said="put together")
case("Google's charts", "https://developers.google.com/chart/interactive/docs/dev/implementing_data_source",
    'google.visualization.Query.setResponse({"version":"0.6","reqId":"0","status":"ok","sig":"5","table":{"cols":[{"id":"A","label":"Name","type":"string"},{"id":"B","label":"Pay","type":"number"}],"rows":[{"c":[{"v":"Ann"},{"v":25.5,"f":"25.50"}]},{"c":[{"v":"Ben"},{"v":31.0,"f":"31.00"}]}]}});',
    "Name|Pay", ["Ann", 25.5], ["Ben", 31.0], said=["call of a function", "put together"])
case("Google Sheets", "https://developers.google.com/sheets/api/reference/rest/v4/spreadsheets.values",
    {"range": "Sheet1!A1:C3", "majorDimension": "ROWS", "values": [["Item", "Cost", "Stocked"], ["Wheel", "20.50", "4"], ["Door", "15"]]},
    "Item|Cost|Stocked", ["Wheel", 20.5, 4], ["Door", 15.0, None], said="names of the columns")
case("Census", "https://www.census.gov/data/developers/guidance/api-user-guide.Example_API_Queries.html",
    [["NAME", "POP", "state"], ["Alabama", "5024279", "01"], ["Alaska", "733391", "02"]],
    "NAME|POP|state", ["Alabama", 5024279, "01"], ["Alaska", 733391, "02"], said="names of the columns")
case("Athena", "https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html",
    {"UpdateCount": 0, "ResultSet": {"Rows": [{"Data": [{"VarCharValue": "city"}, {"VarCharValue": "n"}]}, {"Data": [{"VarCharValue": "Bonn"}, {"VarCharValue": "5"}]}, {"Data": [{"VarCharValue": "Ulm"}, {}]}], "ResultSetMetadata": {"ColumnInfo": [{"Name": "city", "Type": "varchar"}, {"Name": "n", "Type": "bigint"}]}}},
    "city|n", ["Bonn", 5], ["Ulm", None], said="put together")
case("Azure's logs", "https://learn.microsoft.com/en-us/azure/azure-monitor/logs/api/response-format",
    {"tables": [{"name": "PrimaryResult", "columns": [{"name": "Category", "type": "string"}, {"name": "count_", "type": "long"}], "rows": [["Security", 12], ["Alert", 3]]}]},
    "Category|count_", ["Security", 12], ["Alert", 3], said="put together")
case("InfluxDB", "https://docs.influxdata.com/influxdb/v1/guides/query_data/",
    {"results": [{"statement_id": 0, "series": [{"name": "cpu", "tags": {"host": h}, "columns": ["time", "load"], "values": [["2024-01-01T00:00:00Z", a], ["2024-01-02T00:00:00Z", b]]} for h, a, b in [("one", 0.5, 0.75), ("two", 0.25, 0.125)]]}]},
    "name|host|time|load", *([n, h, f"{DAY(d)}+00:00", v] for n, h, d, v in [("cpu", "one", 1, 0.5), ("cpu", "one", 2, 0.75), ("cpu", "two", 1, 0.25), ("cpu", "two", 2, 0.125)]), said="'values'")
case("Nasdaq's data sets", "https://docs.data.nasdaq.com/docs/in-depth-usage",
    {"dataset": {"id": 1, "dataset_code": "FB", "name": "Facebook", "column_names": ["Date", "Open", "Close"], "frequency": "daily", "data": [["2024-01-02", 10.5, 11.0], ["2024-01-01", 10.0, 10.5]]}},
    "Date|Open|Close", [DAY(2), 10.5, 11.0], [DAY(1), 10.0, 10.5], said=["put together", "frequency"])

# series

case("Open-Meteo", "https://open-meteo.com/en/docs",
    {"latitude": 52.5, "longitude": 13.4, "elevation": 38.0, "hourly_units": {"time": "iso8601", "temperature_2m": "°C"}, "hourly": {"time": ["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00"], "temperature_2m": [3.5, 3.0, None]}},
    "time|temperature_2m", ["2024-01-01T00:00:00", 3.5], ["2024-01-01T01:00:00", 3.0], ["2024-01-01T02:00:00", None], said=["list for each column", "hourly_units"])
case("Yahoo's charts", "https://docs.rs/yahoo_finance_api/4.1.0/src/yahoo_finance_api/quotes.rs.html",
    {"chart": {"result": [{"meta": {"currency": "USD", "symbol": "X"}, "timestamp": [1704067200, 1704153600, 1704240000], "indicators": {"quote": [{"open": [1.5, 2.5, 3.5], "volume": [10, 20, 30]}], "adjclose": [{"adjclose": [1.0, 2.0, 3.0]}]}}], "error": None}},
    "timestamp|open|volume|adjclose", [DAY(1), 1.5, 10, 1.0], [DAY(2), 2.5, 20, 2.0], [DAY(3), 3.5, 30, 3.0], said="list for each column")
case("candles of Finnhub", "https://finnhub.io/docs/api/stock-candles",
    {"c": [217.5, 221.0], "t": [1704067200, 1704153600], "o": [216.5, 218.0], "s": "ok"}, "c|t|o", [217.5, DAY(1), 216.5], [221.0, DAY(2), 218.0], said="list for each column")
case("CoinGecko", "https://docs.coingecko.com/reference/coins-id-market-chart",
    {"prices": [[1704067200000, 42.5], [1704153600000, 43.5]], "market_caps": [[1704067200000, 800.0], [1704153600000, 810.0]], "total_volumes": [[1704067200000, 20.0], [1704153600000, 21.0]]},
    "time|prices|market_caps|total_volumes", [DAY(1), 42.5, 800.0, 20.0], [DAY(2), 43.5, 810.0, 21.0], said="list for each column")
case("Binance", "https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints",
    [[1704067200000, "0.0163", "0.8", 100], [1704153600000, "0.0157", "0.7", 98]], "time|1|2|3", [DAY(1), 0.0163, 0.8, 100], [DAY(2), 0.0157, 0.7, 98], said="have no names")
case("Prometheus", "https://prometheus.io/docs/prometheus/latest/querying/api/",
    {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"__name__": "up", "job": j}, "values": [[1704067200, a], [1704153600, b]]} for j, a, b in [("web", "1", "0"), ("db", "1", "NaN")]]}},
    "__name__|job|time|value", ["up", "web", DAY(1), 1.0], ["up", "web", DAY(2), 0.0], ["up", "db", DAY(1), 1.0], ["up", "db", DAY(2), None], said="'data.result'")
case("Prometheus, at one moment", "https://prometheus.io/docs/prometheus/latest/querying/api/#instant-vectors",
    {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"job": "web"}, "value": [1704067200.5, "1.5"]}, {"metric": {"job": "db"}, "value": [1704067200.5, "2.5"]}]}},
    "job|time|value", ["web", "2024-01-01T00:00:00.500000", 1.5], ["db", "2024-01-01T00:00:00.500000", 2.5])
case("Graphite", "https://graphite.readthedocs.io/en/latest/render_api.html",
    [{"target": "a.b", "datapoints": [[1.5, 1704067200], [None, 1704153600]]}, {"target": "a.c", "datapoints": [[2.5, 1704067200], [3.5, 1704153600]]}],
    "target|time|value", ["a.b", DAY(1), 1.5], ["a.b", DAY(2), None], ["a.c", DAY(1), 2.5], ["a.c", DAY(2), 3.5], said="'datapoints'")
case("Alpha Vantage", "https://www.alphavantage.co/documentation/",
    {"Meta Data": {"1. Information": "Daily Prices", "2. Symbol": "IBM"}, "Time Series (Daily)": {"2024-01-02": {"1. open": "160.10", "5. volume": "3000"}, "2024-01-01": {"1. open": "159.50", "5. volume": "2000"}}},
    "key|1. open|5. volume", [DAY(2), 160.1, 3000], [DAY(1), 159.5, 2000], said=["records by a key", "Meta Data"])
case("NASA's POWER", "https://power.larc.nasa.gov/docs/services/api/temporal/daily/",
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [7.1, 50.7, 60.0]}, "properties": {"parameter": {"T2M": {"20240101": 3.5, "20240102": 4.5, "20240103": 5.5}, "RH2M": {"20240101": 80.5, "20240102": 81.5, "20240103": 82.5}}}, "header": {"title": "NASA/POWER"}},
    "key|T2M|RH2M", ["20240101", 3.5, 80.5], ["20240102", 4.5, 81.5], ["20240103", 5.5, 82.5], said=["column by column", "header"])
case("Frankfurter", "https://frankfurter.dev/v1/",
    {"amount": 1.0, "base": "EUR", "start_date": "2024-01-01", "rates": {"2024-01-01": {"USD": 1.1, "CHF": 0.93}, "2024-01-02": {"USD": 1.09, "CHF": 0.94}}},
    "key|USD|CHF", [DAY(1), 1.1, 0.93], [DAY(2), 1.09, 0.94], said=["records by a key", "base"])
case("Firebase", "https://firebase.google.com/docs/database/web/structure-data",
    {"-OAbcdefghijklmnopq1": {"name": "Ann", "score": 5}, "-OAbcdefghijklmnopq2": {"name": "Ben", "score": 7, "team": "red"}},
    "key|name|score|team", ["-OAbcdefghijklmnopq1", "Ann", 5, None], ["-OAbcdefghijklmnopq2", "Ben", 7, "red"], said="records by a key")

# cubes

case("JSON-stat 2", "https://json-stat.org/format/",
    {"version": "2.0", "class": "dataset", "label": "People", "id": ["sex", "time"], "size": [2, 2], "dimension": {"sex": {"label": "Sex", "category": {"index": ["F", "M"], "label": {"F": "Women", "M": "Men"}}}, "time": {"label": "Year", "category": {"index": {"2022": 0, "2023": 1}}}}, "value": [10, 11, 12, None]},
    "Sex|Year|value", ["Women", "2022", 10], ["Women", "2023", 11], ["Men", "2022", 12], ["Men", "2023", None], said="cube")
case("Eurostat", "https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-getting-started/api",
    {"version": "2.0", "class": "dataset", "id": ["geo", "time"], "size": [2, 2], "value": {"0": 5.5, "3": 7.5}, "status": {"3": "p"}, "dimension": {"geo": {"label": "Country", "category": {"index": {"DE": 0, "FR": 1}, "label": {"DE": "Germany", "FR": "France"}}}, "time": {"label": "Time", "category": {"index": {"2022": 0, "2023": 1}, "label": {"2022": "2022", "2023": "2023"}}}}},
    "Country|Time|value|status", ["Germany", "2022", 5.5, None], ["France", "2023", 7.5, "p"], said="cube")
case("JSON-stat 1", "https://app.unpkg.com/jsonstat-toolkit@1.6.0/files/import.mjs",
    {"dataset": {"label": "Rate", "dimension": {"id": ["area", "year"], "size": [2, 1], "area": {"category": {"index": {"b": 1, "a": 0}, "label": {"a": "North", "b": "South"}}}, "year": {"category": {"label": {"2023": "2023"}}}}, "value": [1.5, 2.5]}},
    "area|year|value", ["North", "2023", 1.5], ["South", "2023", 2.5], said="cube")
case("SDMX by series", "https://github.com/sdmx-twg/sdmx-json/blob/master/data-message/docs/1-sdmx-json-field-guide.md",
    {"header": {"id": "x", "prepared": "2024-02-01T00:00:00"}, "dataSets": [{"action": "Information", "series": {"0:0": {"attributes": [0], "observations": {"0": [1.5, 0], "1": [1.75, 0]}}, "0:1": {"attributes": [0], "observations": {"1": [2.5, 0]}}}}], "structure": {"name": "Rates", "dimensions": {"series": [{"id": "FREQ", "name": "Frequency", "values": [{"id": "M", "name": "Monthly"}]}, {"id": "CUR", "name": "Currency", "values": [{"id": "USD", "name": "Dollar"}, {"id": "CHF", "name": "Franc"}]}], "observation": [{"id": "TIME_PERIOD", "name": "Time", "values": [{"id": "2024-01", "name": "2024-01"}, {"id": "2024-02", "name": "2024-02"}]}]}}},
    "Frequency|Currency|Time|value", ["Monthly", "Dollar", "2024-01-01T00:00:00", 1.5], ["Monthly", "Dollar", "2024-02-01T00:00:00", 1.75], ["Monthly", "Franc", "2024-02-01T00:00:00", 2.5], said="cube")
case("SDMX 2, flat", "https://github.com/sdmx-twg/sdmx-json/tree/master/data-message",
    {"meta": {"id": "x"}, "data": {"dataSets": [{"structure": 0, "observations": {"0:0": [5.5], "1:0": [6.5]}}], "structures": [{"name": "GDP", "dimensions": {"observation": [{"id": "AREA", "names": {"en": "Area"}, "name": "Area", "values": [{"id": "A", "name": "Austria"}, {"id": "B", "name": "Belgium"}]}, {"id": "TIME_PERIOD", "name": "Time period", "values": [{"value": "2023"}]}]}}]}},
    "Area|Time period|value", ["Austria", "2023", 5.5], ["Belgium", "2023", 6.5], said="cube")
case("SDMX 2, of several measures and structures", "https://github.com/sdmx-twg/sdmx-json/blob/master/data-message/docs/1-sdmx-json-field-guide.md",
    {"data": {"dataSets": [{"structure": 0, "action": "Replace", "observations": {"0": [5.5, 7, 0]}}, {"structure": 1, "action": "Delete", "observations": {"0": [6.5]}}], "structures": [{"dimensions": {"observation": [{"id": "AREA", "name": "Area", "values": [{"id": "A", "name": "Austria"}]}]}, "measures": {"observation": [{"id": "GDP", "name": "Product"}, {"id": "POP", "name": "People"}]}, "attributes": {"observation": [{"id": "S", "name": "Status", "values": [{"id": "E", "name": "Estimated"}]}]}}, {"dimensions": {"observation": [{"id": "AREA", "name": "Area", "values": [{"id": "B", "name": "Belgium"}]}]}}]}},
    "action|Area|Product|People|value", ["Replace", "Austria", 5.5, 7, None], ["Delete", "Belgium", None, None, 6.5], said=["cube", "left out: Status"])
case("JSON-stat with units", "https://json-stat.org/format/",
    {"version": "2.0", "class": "dataset", "label": "Rates", "source": "Office", "id": ["what"], "size": [2], "dimension": {"what": {"category": {"index": ["a", "b"], "unit": {"a": {"label": "%"}}}}}, "value": [1.5, 2.5]},
    "what|value", ["a", 1.5], ["b", 2.5], said=["left out: unit", "label, source"])

# values with their type

case("SPARQL", "https://www.w3.org/TR/sparql11-results-json/",
    {"head": {"vars": ["city", "people"]}, "results": {"bindings": [{"city": {"type": "literal", "xml:lang": "de", "value": "Bonn"}, "people": {"type": "literal", "datatype": "http://www.w3.org/2001/XMLSchema#decimal", "value": "331885"}}, {"city": {"type": "literal", "xml:lang": "de", "value": "Ulm"}}]}},
    "city|people", ["Bonn", 331885], ["Ulm", None], said="'results.bindings'")
case("DynamoDB", "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html",
    {"Count": 2, "ScannedCount": 2, "LastEvaluatedKey": {"Id": {"S": "b"}}, "Items": [{"Id": {"S": "a"}, "Price": {"N": "2.5"}, "Sold": {"BOOL": True}, "Tags": {"SS": ["x", "y"]}}, {"Id": {"S": "b"}, "Price": {"NULL": True}, "Sold": {"BOOL": False}, "Tags": {"L": [{"S": "z"}]}}]},
    "Id|Price|Sold|Tags", ["a", 2.5, True, ["x", "y"]], ["b", None, False, ["z"]], said="'Items'", more=True)
case("Firestore", "https://firebase.google.com/docs/firestore/reference/rest/v1/Value",
    {"documents": [{"name": "projects/p/docs/1", "fields": {"city": {"stringValue": "Bonn"}, "n": {"integerValue": "5"}, "x": {"doubleValue": 1.5}}, "createTime": "2024-01-01T00:00:00Z"}, {"name": "projects/p/docs/2", "fields": {"city": {"stringValue": "Ulm"}, "n": {"integerValue": "7"}, "x": {"nullValue": None}}, "createTime": "2024-01-02T00:00:00Z"}], "nextPageToken": "AB"},
    "name|createTime|city|n|x", ["projects/p/docs/1", "2024-01-01T00:00:00+00:00", "Bonn", 5, 1.5], ["projects/p/docs/2", "2024-01-02T00:00:00+00:00", "Ulm", 7, None], said="'documents'", more=True)

# one a line

case("pages, one a line", "https://github.com/ndjson/ndjson-spec",
    "".join(json.dumps({"page": p, "status": "ok", "data": [{"id": 2 * p + i, "v": i + 0.5} for i in range(2)]}) + "\n" for p in range(2)),
    "page|status|id|v", [0, "ok", 0, 0.5], [0, "ok", 1, 1.5], [1, "ok", 2, 0.5], [1, "ok", 3, 1.5], said="'data'")
case("results of Splunk, one a line", "https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTsearch",
    "".join(json.dumps({"preview": False, "offset": i} | ({"lastrow": True} if i else {}) | {"result": {"host": f"h{i}", "level": "warn"}}) + "\n" for i in range(2)),
    "preview|offset|host|level|lastrow", [False, 0, "h0", "warn", None], [False, 1, "h1", "warn", True])
case("a bulk request", "https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html",
    "".join(json.dumps(r) + "\n" for i in range(3) for r in ({"index": {"_index": "t", "_id": str(i)}}, {"name": f"n{i}", "v": i})),
    "name|v", ["n0", 0], ["n1", 1], ["n2", 2])


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_a_table(tmp_path, capsys, name):
    answer, columns, rows, said, more = CASES[name]
    path = tmp_path / "t.json"
    path.write_text(answer if isinstance(answer, str) else json.dumps(answer))
    frame = load(path)
    notes = capsys.readouterr().err
    assert list(map(str, frame.columns)) == columns
    cells = [[v if isinstance(v, list) else plain(v) for v in row] for row in zip(*(frame.iloc[:, i].tolist() for i in range(len(columns))))]
    assert cells == rows
    assert [part for part in said if part not in notes] == []
    if more is not None:
        assert ("more pages" in notes) is more


@pytest.mark.parametrize(
    "source, answer, said",
    [
        ("https://docs.stripe.com/api/errors", {"error": {"type": "invalid_request_error", "message": "No such charge: 'ch_x'", "code": "resource_missing"}}, "No such charge"),
        ("https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api", {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}, "Not Found"),
        ("https://spec.graphql.org/October2021/#sec-Errors", {"errors": [{"message": "Cannot query field 'nme'", "locations": [{"line": 1, "column": 3}]}], "data": None}, "Cannot query field"),
        ("https://www.alphavantage.co/documentation/", {"Error Message": "Invalid API call."}, "Invalid API call"),
        ("https://www.alphavantage.co/support/", {"Information": "The rate limit is 25 requests per day."}, "25 requests"),
        ("https://datatracker.ietf.org/doc/html/rfc7807", {"type": "https://example.com/probs/out-of-credit", "title": "You do not have enough credit.", "status": 403, "detail": "Your balance is 30."}, "enough credit"),
        ("https://datatracker.ietf.org/doc/html/rfc6749#section-5.2", {"error": "invalid_client", "error_description": "Client authentication failed"}, "Client authentication failed"),
        ("https://datahelpdesk.worldbank.org/knowledgebase/articles/898620-api-error-codes", [{"message": [{"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}]}], "not valid"),
        ("https://openweathermap.org/faq", {"cod": 401, "message": "Invalid API key."}, "Invalid API key"),
        ("https://www.elastic.co/guide/en/elasticsearch/reference/current/common-options.html", {"error": {"root_cause": [{"type": "index_not_found_exception", "reason": "no such index [x]"}], "type": "index_not_found_exception", "reason": "no such index [x]"}, "status": 404}, "no such index"),
        ("https://docs.ckan.org/en/latest/api/", {"help": "https://example.org", "success": False, "error": {"message": "Not found", "__type": "Not Found Error"}}, "Not found"),
    ],
)
def test_an_error_is_said(tmp_path, capsys, source, answer, said):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(answer))
    assert load(path) == answer
    notes = capsys.readouterr().err
    assert "a request that failed" in notes and said in notes


@pytest.mark.parametrize(
    "value",
    [
        {"error": "#ff0000", "warning": "#ffaa00", "primary": "#0000ff"},  # colours of a theme
        {"error": "Fehler", "ok": "Gut", "cancel": "Abbrechen"},  # texts of a program
        {"customers": [{"id": i, "name": "n" * 30} for i in range(20)], "orders": [{"id": i, "customer": i, "sum": "s" * 30} for i in range(20)]},  # which of two?
        {"name": "x", "scripts": {"build": "make", "test": "make test"}, "dependencies": {"a": "^1.0", "b": "^2.0"}},
        {"compilerOptions": {"target": "es6", "lib": ["dom", "es6"], "types": ["node", "jest"]}, "include": ["src", "test"]},
        {"openapi": "3.0", "paths": {f"/p{i}": {"get": {"responses": {"200": {"description": "OK"}, "404": {"description": "no"}}}} for i in range(20)}},
        {"latest": {"base": "EUR", "rates": {"USD": 1.1, "CHF": 0.9}}},
        {"name": "root", "size": {"w": 1, "h": 2}, "position": {"x": 3, "y": 4}},
        {"nodes": [{"name": "a", "group": 1}, {"name": "b", "group": 1}, {"name": "c", "group": 2}], "links": [{"source": 0, "target": 1, "value": 5}, {"source": 1, "target": 2, "value": 8}]},  # a graph
        {"description": "find", "schemaVersion": "1.0", "createEntities": [{"client": {"id": "c"}}, {"database": {"id": "d"}}], "tests": [{"description": f"it finds {i}", "operations": [{"name": "find", "arguments": {"filter": {"_id": i}}}]} for i in range(20)]},  # a document of several parts
        {"topology": {"type": "replicas", "servers": [{"address": "a:1", "rtt": 5}, {"address": "b:1", "rtt": 9}]}, "operation": "read", "preference": {"mode": "nearest"}},  # a few settings
        {"css": {"files": ["a.css"], "tasks": ["build"]}, "less": {"files": ["a.less", "b.less"], "tasks": ["less", "prefix"]}, "options": {"debounce": 5}},
        {"version": 8, "metadata": {"groups": {f"group {i}": {"name": "n" * 30} for i in range(20)}}, "layers": [{"id": f"l{i}", "paint": {"color": "#fff"}} for i in range(20)]},  # a style
        {"criteria": {"wings": {"conditions": {"items": [{"items": ["wings"]}]}, "trigger": "changed"}}, "display": {"title": "Wings"}, "requirements": [["wings"]]},
        {"$schema": "plan.json", "materials": {str(i): {"name": f"m{i}", "price": i, "orders": [{"n": 1}], "stock": i} for i in range(1, 4)}, "recipes": {"r": {"steps": ["mix" * 60, "cook" * 60, "serve" * 60]}}},
        [[1, 2, 3], [4, 5, 6]],
        1704067200,
        "text",
        None,
        {"id": ["a"], "size": [2], "dimension": {"a": {"category": {"index": {"x": [1], "y": "z"}}}}, "value": {"0": 1}},  # no cube
        {"dataSets": [{"series": {"a:b": {"observations": {"1": [2.5]}}}}], "structure": {"dimensions": {"series": [{"id": "a", "values": [[], 1.5]}]}}},
    ],
)
def test_what_is_no_table_stays_as_it_is(tmp_path, capsys, value):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(value))
    assert load(path) == value
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "records",
    [
        [{"id": 1, "name": "Ann", "city": "Bonn", "tags": [{"k": 1}, {"k": 2}]}, {"id": 2, "name": "Ben", "city": "Ulm", "tags": []}],  # records that have lists
        [{"name": "a", "children": [{"name": "b", "children": []}, {"name": "c", "children": []}]}, {"name": "d", "children": [{"name": "e", "children": []}]}],  # a tree
        [{"id": i, "rank": 1, "fields": {"note": "x" * 30}, "to": {"name": "Done"}} for i in range(3)],  # a part of several
        [{"name": "a", "schema": {"fields": [{"name": f"c{i}", "type": "string", "format": "default", "title": "T"} for i in range(4)]}, "keys": ["c0"]}],  # a single part
        [{"id": 1, "properties": {"x": 1}, "title": "a long title of many words", "body": "and much text below it"}, {"id": 2, "properties": {"x": 2}, "title": "another", "body": "text"}],
    ],
)
def test_records_stay_records(tmp_path, records):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(records))
    frame = load(path)
    assert len(frame) == len(records)
    assert {str(c).split(".")[0] for c in frame.columns} <= {k for r in records for k in r}


def test_a_size_of_pages_is_no_total(tmp_path, capsys):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"maxResults": 50, "size": 20, "isLast": True, "values": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}))
    assert len(load(path)) == 2
    assert "more pages" not in capsys.readouterr().err


def test_parts_without_rows_are_counted(tmp_path, capsys):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"series": [{"id": s, "data": [{"year": 2020 + i, "value": i} for i in range(n)]} for s, n in [("a", 3), ("b", 0), ("c", 3)]]}))
    assert load(path)["id"].tolist() == ["a"] * 3 + ["c"] * 3
    assert "1 that hold none are left out" in capsys.readouterr().err
