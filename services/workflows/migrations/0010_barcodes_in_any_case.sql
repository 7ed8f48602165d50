-- A barcode that was typed in other upper and lower case is found, and so are those that begin with it: a page at a time.
CREATE INDEX samples_by_lower_barcode ON samples (lower(barcode), barcode);
