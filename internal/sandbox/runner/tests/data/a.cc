class B {};
