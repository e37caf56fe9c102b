// The page at `/`: files that are carried in the program. Their sources: ../Page.

import Hummingbird

enum WebPage {
    static func addRoutes(to router: Router<ServingContext>) {}
}
