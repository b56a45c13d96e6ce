CREATE TABLE cities (city TEXT, people INTEGER);
INSERT INTO cities VALUES ('Zürich', 443037), ('Kyōto', 1463723);
CREATE VIEW big AS SELECT * FROM cities WHERE people > 1000000;
