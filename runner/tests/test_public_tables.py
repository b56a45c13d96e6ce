"""Tables that offices, laboratories and courses publish, in forms that were once misread. Each names where such a file is."""

import pytest
from written import N, column, day, rows

SAM = "Name,Maker,Source,Vac,Pnom,Vmin,Weight\nUnits,[],[],V,W,V,kg\n[0],inv_maker,inv_source,inv_vac,inv_pnom,inv_vmin,inv_weight\n"
NSRDB = "Source,Location ID,City,Latitude,Longitude,Time Zone,Elevation,DHI Units\nNSRDB,401182,-,40.53,-108.54,-7,2168,w/m2\nYear,Month,Day,Hour,Minute,DHI,Wind Speed,\n"
PVGIS = "Latitude (decimal degrees): 45.000\nElevation (m): 250.0\n\ntime(UTC),T2m,RH,WS10m,WD10m,SP\n"
PVGIS_END = "\nT2m: 2-m air temperature (degree Celsius)\nRH: relative humidity (%)\nWD10m: 10-m wind direction (0 = N, 90 = E) (degree)\nSP: Surface (air) pressure (Pa)\n\nPVGIS (c) European Union, 2001-2025\n"

ECHO = "Run ID,1733769624\nRun Date/Time,2024-12-09 13:46:20\nProtocol Name,connect.epr\nOrder ID,\nUser Name,Lab\n\n[DETAILS]\nTime,Source,Well,Volume,State\n"
LEVELS = "network,1,1,2,2\nnode,1,1,1,1\nhemi,lh,rh,lh,rh\n,,,,\n"
ACCOUNT = "Compte de chèques;Compte de chèques;****1234;31/01/2024;;1 234,56\n"
ONS = 'Title,CPI INDEX,CPI RATE\nCDID,D7BT,D7G7\nSource dataset ID,MM23,MM23\nPreUnit,,\nUnit,"Index, base year = 100",%\nRelease date,17-01-2024,17-01-2024\nNext release,14 February 2024,14 February 2024\nImportant notes,,\n'
STATCAN = "Table: 14-10-0287-01\nGeography: Canada\n\nLabour force,January 2024,February 2024\n,Persons in thousands,Persons in thousands\n"
STATCAN_END = "\nSymbol legend:\n..,not available\n\nFootnotes:\n1,Number of civilian persons.\n"
ADS = 'Campaign report\n"January 1, 2024 - January 31, 2024"\nStatus,Campaign,Budget,Currency code,Clicks\n'

CASES = {
    # BNP Paribas, an account's export: the account in the first line, and no names
    "an account above rows without names": (ACCOUNT + rows(lambda i: f"{1 + i % 28:02}/01/2024;Paiement;CB;FACTURE CARTE {i};FACTURE;-{i},50\n"), {0: day("2024-01-01"), 3: ["FACTURE CARTE 0"], 5: [-0.5, -1.5]}, {"length": N, "said": ["above its header", "no header line"]}),
    # ONS, a series of MM23: what is said of each column, above years
    "what is said of columns, above years": (ONS + rows(lambda i: f"{1964 + i},{i}.5,{i % 9}.1\n", 20) + rows(lambda i: f"{1964 + i // 4} Q{1 + i % 4},{i}.7,{i % 9}.2\n", 20), {"Title": ["1964", "1965"], "CPI INDEX": [0.5, 1.5], "CPI RATE": [0.1]}, {"length": 40, "said": "CDID"}),
    # Statistics Canada, table 14-10-0287-01 as shown
    "one unit for all columns": (STATCAN + rows(lambda i: f'Row {i},"2{i % 10},{i:03}.5",..\n') + STATCAN_END, {"Labour force": ["Row 0"], "January 2024": [20000.5]}, {"length": N, "said": ["January 2024 in Persons in thousands", "below the table"], "unsaid": ["read as missing"]}),
    # Google Ads and Google Analytics: rows of totals
    "totals of an account": (ADS + rows(lambda i: f'Enabled,C{i},"1,{i:03}.00",USD,{i}\n') + "Total: Account, --, --,USD,1770\n", {"Budget": [1000.0], "Clicks": [0]}, {"length": N + 1, "said": "are totals (row 61)"}),
    "a sum without a word": ("Page,Views,Rate\n" + rows(lambda i: f"/p{i},{i},{i}.5%\n") + ",1770,45.00%\n", {"Page": ["/p0"], "Views": [0]}, {"length": N + 1, "said": "are totals (row 61)"}),
    "a last row without a word": ("Page,Views\n" + rows(lambda i: f"/p{i},{i}\n") + ",17\n", {"Page": ["/p0"]}, {"length": N + 1, "unsaid": ["totals"]}),
    # Agilent's ChemStation: the names begin with #, below what is said of the sample
    "names that begin with #, below others": ("Data File,C:\\CHEM32\\1.D\nSample Name,S1\n\n#,Time,Area,Height\n" + rows(lambda i: f"{i + 1},{i}.123,{i}.5,{i}.2\n"), {"#": [1, 2], "Time": [0.123], "Height": [0.2]}, {"length": N, "unsaid": ["comments"]}),
    # Eurostat, a TSV in bulk: the last year is provisional for all but a few
    "a year that is provisional": ("freq,unit,geo\\TIME_PERIOD\t2021 \t2022 \n" + rows(lambda i: f"A,PC,G{i}\t{': ' if i % 9 == 0 else f'{i}.5 '}\t{i}.7{' p' if i % 4 else ' ep'}\n"), {"2021": [None, 1.5], "2022": [0.7, 1.7]}, {"name": "t.tsv", "length": N, "said": "flags behind 60 value(s)"}),
    "seconds beside a colon": ("a\tb\n" + rows(lambda i: f"{':' if i % 9 == 0 else i}\t{i} s\n"), {"b": [0, 1]}, {"name": "t.tsv", "length": N, "unsaid": ["flags"]}),
    "amounts in TL": (column("-1.050,50 TL", "10.000,00 TL"), {"v": [-1050.5, 10000.0]}, {"said": "amounts in TL"}),
    "amounts in Rp": (column("Rp 1.050.000", "Rp. 10.000"), {"v": ["Rp 1.050.000", "Rp. 10.000"]}, {}),
    "places on a deck": (column("TL1", "TL12", "TL3"), {"v": ["TL1", "TL12"]}, {"unsaid": ["amounts"]}),  # as in allotropy, beckman_coulter_biomek
    "names with codes of currencies": ("id,COP26,PEN1\n" + rows(lambda i: f"{i},{i}.5,x{i}\n"), {"COP26": [0.5], "PEN1": ["x0"]}, {"length": N}),
    # fivethirtyeight/data, avengers/avengers.csv: Sep-63 beside a year alone and a month written out
    "months of a year, one without a year": ("name,Introduced\n" + rows(lambda i: f"a{i},{['Sep-63', 'Mar-64', 'Jan-10', 'Apr-91', 'Aug-05', 'Nov-12', 'Jun-88', 'Jul-75'][i % 8] if i != 9 else 'June'}\n"), {"name": ["a0"]}, {"length": N, "said": "June"}),
    # statsmodels, discrete/tests/results/poisson_resid.csv: one line of residuals
    "one row of numbers": ("-2.48,-0.48,3.52,-2.48,1e-3\n", {0: [-2.48], 2: [3.52], 4: [0.001]}, {"length": 1, "said": "no header line"}),
    "one row of years": ("Country,1990,1991,1992\n", {"1990": []}, {"length": 0}),
    "one row of counted names": ("0,1,2,3\n", {"1": []}, {"length": 0}),
    # arq5x/bedtools2, test/intersect/bug223_sv1_b.vcf: tabs, and signs that end each line
    "signs at the end of each line": (rows(lambda i: f"chr1\t{i}\ta\tG\t70.90\tSVTYPE=DEL;SVLEN={i};CSQ=variant||||||||||\n"), {1: [0, 1], 4: [70.9], 5: ["SVTYPE=DEL;SVLEN=0;CSQ=variant||||||||||"]}, {"name": "t.vcf", "length": N}),
    # scipy, special/tests/data/boost: some lines with blanks, others with tabs
    "blanks and tabs": (rows(lambda i: f"0.{i}{' ' if i < 16 else chr(9)}0.17721911426633{i:02}e-2{' ' if i < 16 else chr(9)}0.1000000785165515654790765567976560{i:02}e1\n"), {0: [0.0, 0.1]}, {"length": N}),
    # UCI, auto-mpg.data
    "blanks and one tab": (rows(lambda i: f"{18 + i % 9}.0   8   {300 + i}.0      {'?' if i == 7 else f'{100 + i}.0'}      3504.      12.0   70  1\t\"chevrolet malibu {i}\"\n"), {0: [18.0, 19.0], 2: [300.0, 301.0], 8: ["chevrolet malibu 0"]}, {"length": N, "said": "no header line"}),
    # astropy, io/ascii/tests/data/short.rdb
    "types by a letter": ("name\tn_noids\tn_obs\nS\tN\tN\n" + rows(lambda i: f"x{i}\t{i}\t{i * 2}\n"), {"name": ["x0"], "n_noids": [0, 1], "n_obs": [0, 2]}, {"said": "S N N", "length": N}),
    "answers of one letter": ("name,a,b\n" + rows(lambda i: f"x{i},{'NY'[i % 2]},{'NS'[i % 2]}\n"), {"a": ["N", "Y"], "b": ["N", "S"]}, {"length": N}),
    # NREL/SAM, deploy/libraries/CEC Inverters.csv
    "units and the program's names": (SAM + rows(lambda i: f"X {i},Ablerex,CEC,240,{2000 + i},{150 + i},{i}.5\n"), {"Name": ["X 0"], "Vac": [240], "Pnom": [2000, 2001], "Weight": [0.5]}, {"length": N, "said": ["inv_maker", "Weight in kg"], "unsaid": ["Maker in"]}),
    # EDIorg, catvars_*.txt: the code C among numbers
    "a code that is no unit": ("attribute\tcode\tdefinition\nNTRT\tC\tControl, no N added\n" + rows(lambda i: f"NTRT\t{i}\t{i} kg N/ha\n"), {"code": ["C", "0"]}, {"name": "t.txt", "length": N + 1, "unsaid": ["taken for units"]}),
    "a code beside a text": ("code;definition\nC;Control, no N added\n" + rows(lambda i: f"{i};{i} kg N/ha\n"), {"code": ["C", "0"]}, {"length": N + 1, "unsaid": ["taken for units"]}),
    # NREL's NSRDB, as in pvlib-python, tests/data/test_read_psm3.csv
    "what a table is of, in two rows": (NSRDB + rows(lambda i: f"2017,1,{1 + i % 28},{i % 24},0,{i},0.{i},\n"), {"Year": [2017], "Hour": [0, 1], "DHI": [0, 1]}, {"length": N, "said": "2 line(s) above its header"}),
    # statsmodels, tsa/vector_ar/tests/results/e6.dat: a line of words below others
    "a line of more words than there are columns": ("a,b\n1,x\nc,d,e,f,g\n" + rows(lambda i: f"{i},y{i}\n"), {"a": [1, 0], "b": ["x", "y0"]}, {"length": N + 1, "said": "too many fields"}),
    # PVGIS, as in pvlib-python, tests/data/tmy_45.000_8.000_2005_2023.csv
    "hours of PVGIS and notes with commas": (PVGIS + rows(lambda i: f"201801{1 + i // 24:02}:{i % 24:02}00,2.{i},94.38,0.75,{100 + i}.0,101130.0\n") + PVGIS_END, {"time(UTC)": ["2018-01-01T00:00:00", "2018-01-01T01:00:00"], "T2m": [2.0, 2.1], "WD10m": [100.0]}, {"length": N, "said": "below the table"}),
    # logpai/loghub, BGL: timestamps of DB2
    "timestamps of DB2": (column("2005-06-03-15.42.50.675872", "2005-06-03-15.42.53.276129"), {"v": ["2005-06-03T15:42:50.675872", "2005-06-03T15:42:53.276129"]}, {}),
    # rstudio/gt, photolysis: a list of wavelengths in a cell
    "a list of numbers": ("id;nm\n" + rows(lambda i: f"{i};{','.join(str(290 + k) for k in range(9 + i % 3))}\n"), {"nm": ["290,291,292,293,294,295,296,297,298"]}, {}),
    # datameet/india-election-data, state-wise-turnout.csv: crores that are not parted
    "lakhs below a long number": (column("8340,82,814", "326,70,930", "1,42,782"), {"v": [834082814, 32670930, 142782]}, {}),
    # plotly/datasets, subplots.csv: zeros below a shorter column
    "zeros below days": ("co2,date,heat\n" + rows(lambda i: f"{300 + i}.5,{f'{1 + i % 12:02}/{13 + i % 15}/{60 + i % 30}' if i < 30 else 0},{i}\n"), {"date": day("1960-01-13", "1961-02-14"), "heat": [0]}, {"length": N, "said": "'0'"}),
    # vincentarelbundock/Rdatasets, Ecdat/Mofa.csv: the end mark of DOS
    "the end mark of DOS": ("a,b\n" + rows(lambda i: f"{i},{i}.5\n") + "\x1a", {"b": [0.5, 1.5]}, {"length": N}),
    "the end mark of DOS behind a value": (("a,b\n" + rows(lambda i: f"{i},{i}.5\n")).rstrip() + "\x1a", {"b": [0.5, 1.5]}, {"length": N}),
    # fivethirtyeight/data, poll-of-pollsters-3.tsv: an answer None in the second row of a survey
    "answers below questions, one of them None": ("How?\tIn what languages?\t\t\tWhy?\nResponse\tSpanish\tGerman\tNone\tOpen-Ended Response\n" + rows(lambda i: f"Yes\tSpanish\t\t\tas {i}\n"), {"How?": ["Yes"], "In what languages? Spanish": ["Spanish"], "Why?": ["as 0"]}, {"name": "t.tsv", "length": N, "said": "2 rows"}),
    # duckdb, data/csv/locations_row_trailing_comma.csv
    "a value too many behind a number": ("id,name,lat,lon\n" + rows(lambda i: f"{i},n{i},0.5,{i},x\n"), {"id": [0, 1], "name": ["n0"], "lon": [0, 1]}, {"length": N, "said": "more fields than the header"}),
    # fivethirtyeight/data, tenth-circuit.csv: dashes that went through several encodings, within words of Latin letters
    "signs within Latin words": (b"id,m\n" + rows(lambda i: f"{i},").encode().replace(b",", b",Zu\x89\xdb\xd2Chen v. Lynch\n"), {"id": [0, 1]}, {"length": N, "unsaid": ["cp1256", "cp1251", "koi8"]}),
    # OpenRefine, main/tests/data/big5.txt
    "a few characters of Big5": ("id,m\n".encode("big5") + "1,全球最大算命網站，免費算命、紫微、星座、占卜、姓名、命名、前世、塔羅\n".encode("big5"), {"m": ["全球最大算命網站，免費算命、紫微、星座、占卜、姓名、命名、前世、塔羅"]}, {"length": 1}),
    # pandas.DataFrame.to_csv with levels of columns, as mwaskom/seaborn-data, brain_networks.csv
    "levels of columns": (LEVELS + rows(lambda i: f"{i},{i}.5,{i}.25,-{i}.5,1e-3\n"), {"1 1 lh": [0.5, 1.5], "2 1 rh": [0.001]}, {"length": N, "said": "4 rows"}),
    "levels of columns, with a named index": ("stat,mean,std\nunit,m,m\nday,,\n" + rows(lambda i: f"2024-01-{1 + i % 28:02},{i}.5,{i}.25\n"), {"day": day("2024-01-01"), "mean m": [0.5, 1.5]}, {"length": N}),
    # turicas/covid19-br, schema/obito_cartorio.csv: a list of columns and their types
    "a list of types": ("field_name,field_type\ndate,date\n" + rows(lambda i: f"f{i},{['text', 'integer', 'date'][i % 3]}\n"), {"field_name": ["date", "f0"], "field_type": ["date", "text"]}, {"length": N + 1, "unsaid": ["holds no values"]}),
    "types below names": ("date,v\ndate,double\n" + rows(lambda i: f"2024-01-{1 + i % 28:02},{i}.5\n"), {"date": day("2024-01-01"), "v": [0.5]}, {"length": N, "said": "holds no values"}),
    # Beckman's Echo, as Benchling-Open-Source/allotropy, beckman_echo_plate_reformat/TransferOnly.csv
    "a table between names and values": (ECHO + rows(lambda i: f"2024-12-09 13:41:{i % 60:02}.154,Source[1],A{i},{i}.5,ok\n", 5) + "\nInstrument Name,E5XX-19119\nInstrument Model,Echo 525\nInstrument Serial Number,E5XX-19119\n", {"Well": ["A0", "A1"], "Volume": [0.5, 1.5]}, {"length": 5, "said": ["above its header", "below the table"]}),
    # logpai/loghub, HealthApp: milliseconds behind a colon
    "milliseconds behind a colon": (column("20171223-22:15:29:606", "20171224-0:3:5:033"), {"v": ["2017-12-23T22:15:29.606000", "2017-12-24T00:03:05.033000"]}, {}),
    "a time behind a semicolon": (column("15-Jun-2020;12:53:32", "15-Apr-2020;14:10:41", by="\t"), {"v": ["2020-06-15T12:53:32", "2020-04-15T14:10:41"]}, {"name": "t.tsv"}),
    # biopython, Tests/SCOP/testDom.txt
    "levels of a classification": ("d\tsunid\n" + rows(lambda i: f"d{i}\t1.001.001.001.001.{i:03}\n"), {"sunid": ["1.001.001.001.001.000"]}, {"name": "t.tsv", "length": N}),
    # duckdb, data/csv/decimal_separators: a decimal comma before an exponent without a sign
    "a decimal comma and an exponent": (column("1,1", "0,25", "1,53e4", "-1,53E4"), {"v": [1.1, 0.25, 15300.0, -15300.0]}, {}),
    # EDIorg/datasets, edi_618 custom_units.txt: blanks that do not break
    "blanks of a word processor": (b"id\tm\n" + rows(lambda i: f"{i}\t").encode().replace(b"\t", b"\tequivalents\xa0of solute per\xa0hectare\n"), {"m": ["equivalents\xa0of solute per\xa0hectare"]}, {"name": "t.tsv", "said": "cp1252"}),
    # fivethirtyeight/data, biopics.csv: letters with marks that went through several encodings
    "letters spoilt": (b"id,m\n" + rows(lambda i: f"{i},").encode().replace(b",", b",Roland Joff\xcc\xc4\xe5\xa9\n"), {"m": ["Roland Joff\xcc\xc4\xe5\xa9"]}, {"said": "cp1252"}),
    # fivethirtyeight/data, antiquities-act: areas, a few of them with words
    "grouped numbers, a few with words": ("n;acres\n" + rows(lambda i: f"{i};{'4,193 (water)' if i == 5 else f'{i + 1},{i:03}.5'}\n"), {"acres": ["1,000.5"]}, {"said": "1 of 60 values are no numbers ('4,193 (water)')"}),
}


@pytest.mark.parametrize("name", CASES)
def test_reads(check, name):
    content, want, more = CASES[name]
    check(content, want, **more)


def test_a_blank_line_is_no_row_of_values():
    """As above the plates of Gen5 (allotropy, agilent_gen5, Fibrillation data), which were refused for it."""
    from attache.loaders import headers

    assert not headers.headless([], [["1", "2"], ["3", "4"], ["5", "x"]], 2)
