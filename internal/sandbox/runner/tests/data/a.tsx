<App<T> />
