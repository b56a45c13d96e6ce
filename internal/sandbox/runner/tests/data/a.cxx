class C {};
