<?php
// The settings of the database come from the environment, or from the file that NAME_FILE names, at each request.
function setting_of_container($name, $default = '')
{
    $file = getenv($name . '_FILE');
    if ($file !== false && $file !== '') {
        return rtrim(file_get_contents($file), "\r\n");
    }
    $value = getenv($name);
    return $value === false ? $default : $value;
}

define('DB_HOST', setting_of_container('WORDPRESS_DB_HOST', 'mysql'));
define('DB_NAME', setting_of_container('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', setting_of_container('WORDPRESS_DB_USER', 'example username'));
define('DB_PASSWORD', setting_of_container('WORDPRESS_DB_PASSWORD', 'example password'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = setting_of_container('WORDPRESS_TABLE_PREFIX', 'wp_');

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
